"""Stores of several servers, started for one test: Sentinels, clusters, and an encrypted door."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import redis

from benchmarks.chaos_runners.stores import Server, Watched, wait_until

__all__ = ["Cluster", "EncryptedDoor", "Server", "Watched", "ended", "wait_until"]


class Cluster:
    """Primaries that share the slots evenly, each with a replica if asked."""

    def __init__(self, folder: Path, n: int = 3, *, replicas: bool = False, **config: str) -> None:
        options = {"cluster_enabled": "yes", "cluster_node_timeout": "1000", **config}
        self.primaries = [Server(folder, **options) for _ in range(n)]
        self.replicas = [Server(folder, **options) for _ in range(n if replicas else 0)]
        self._password = config.get("requirepass")
        try:
            self._meet(n)
        except BaseException:
            self.stop()
            raise

    def _meet(self, n: int) -> None:
        first = self.primaries[0]
        for place, node in enumerate(self.primaries):
            with self.client(node) as client:
                edges = (16384 * place // n, 16384 * (place + 1) // n - 1)
                client.execute_command("CLUSTER ADDSLOTSRANGE", *edges)
                client.execute_command("CLUSTER SET-CONFIG-EPOCH", place + 1)
                client.execute_command("CLUSTER MEET", "127.0.0.1", first.port)
        for node in self.replicas:
            with self.client(node) as client:
                client.execute_command("CLUSTER MEET", "127.0.0.1", first.port)
        wait_until(self._is_well, "every node knows all slots")
        for node, primary in zip(self.replicas, self.primaries, strict=False):
            with self.client(node) as client, self.client(primary) as other:
                name = other.execute_command("CLUSTER MYID")
                client.execute_command("CLUSTER REPLICATE", name)
        wait_until(self._is_replicated, "every replica is in step")

    def client(self, node: Server) -> redis.Redis:
        """A client of one node."""
        return node.client(password=self._password)

    def _is_well(self) -> bool:
        nodes = [*self.primaries, *self.replicas]
        for node in nodes:
            with self.client(node) as client:
                about = client.execute_command("CLUSTER INFO")
            if about["cluster_state"] != "ok" or int(about["cluster_known_nodes"]) != len(nodes):
                return False
        return True

    def _is_replicated(self) -> bool:
        for node in self.replicas:
            with self.client(node) as client:
                if client.info("replication").get("master_link_status") != "up":
                    return False
        for node in self.primaries:
            with self.client(node) as client:
                rows = client.execute_command("CLUSTER SLOTS")
            if self.replicas and not all(len(row[2:]) > 1 for row in _raw(rows)):
                return False
        return True

    @property
    def url(self) -> str:
        """How the settings name it: by two of its nodes."""
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.primaries[:2])
        return f"redis+cluster://{hosts}"

    def stop(self) -> None:
        """End all nodes."""
        for node in (*self.replicas, *self.primaries):
            node.stop()


def _raw(rows: Any) -> list[list[Any]]:
    """`CLUSTER SLOTS` as rows, whichever way redis-py has parsed it."""
    if isinstance(rows, dict):
        return [[*slots, about["primary"], *about["replicas"]] for slots, about in rows.items()]
    return list(rows)


class EncryptedDoor:
    """Takes TLS on a port of its own and passes the plain bytes on to a server on loopback.

    The server of the tests is built without TLS; what is tried is this side of the wire.
    """

    def __init__(self, behind: int, context: ssl.SSLContext) -> None:
        self._behind = behind
        self._context = context
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                plain, _ = self._listening.accept()
                threading.Thread(target=self._open, args=(plain,), daemon=True).start()

    def _open(self, plain: socket.socket) -> None:
        try:
            outside = self._context.wrap_socket(plain, server_side=True)
        except OSError:
            plain.close()
            return
        with outside, socket.create_connection(("127.0.0.1", self._behind)) as inside:
            back = threading.Thread(target=_pass_on, args=(inside, outside), daemon=True)
            back.start()
            _pass_on(outside, inside)
            back.join()

    def stop(self) -> None:
        """Take no more connections."""
        self._listening.close()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def ended(thing: Any) -> Iterator[Any]:
    """*thing*, stopped afterwards."""
    try:
        yield thing
    finally:
        thing.stop()
