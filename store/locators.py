"""Where a reader's server is: what Sentinels say, and whether a replica can be read."""

from __future__ import annotations

import logging
import random
from typing import Any

import redis

from store.address import Node
from store.following import Options
from store.passwords import hide_password

log = logging.getLogger("nightshelf.store")


class SentinelLocator:
    """Asks Sentinels for the primary of a service, or for a replica that is well.

    The Sentinel that answered last is asked first. While none answers, the server known last stays.
    """

    def __init__(
        self, sentinels: list[redis.Redis], service: str, options: Options, *, replicas: bool
    ) -> None:
        self._sentinels = list(sentinels)
        self._service = service
        self._options = options
        self._replicas = replicas
        self._known: Node | None = None

    def __call__(self) -> Options:
        """How to connect to the server; raises `redis.ConnectionError` when none is known."""
        troubles = []
        for sentinel in list(self._sentinels):
            try:
                found = self._ask(sentinel)
            except (redis.RedisError, OSError) as error:
                troubles.append(hide_password(str(error)))
                continue
            if found is None:
                troubles.append(f"a Sentinel watches no service {self._service!r}")
                continue
            self._sentinels.remove(sentinel)
            self._sentinels.insert(0, sentinel)
            self._known = found
            break
        if self._known is None:
            raise redis.ConnectionError("no Sentinel knows the server: " + "; ".join(troubles))
        host, port = self._known
        return {**self._options, "host": host, "port": port}

    def close(self) -> None:
        """Close the connections to the Sentinels."""
        for sentinel in self._sentinels:
            sentinel.close()

    def _ask(self, sentinel: redis.Redis) -> Node | None:
        if self._replicas and (replica := self._find_replica(sentinel)) is not None:
            return replica
        answer = sentinel.execute_command("SENTINEL GET-MASTER-ADDR-BY-NAME", self._service)
        return _node(answer)

    def _find_replica(self, sentinel: redis.Redis) -> Node | None:
        """The replica read before while it is well, else any that is."""
        try:
            rows = sentinel.execute_command("SENTINEL SLAVES", self._service)
        except redis.ResponseError:  # no such service
            return None
        well = [(row["ip"], int(row["port"])) for row in rows if _is_well(row)]
        if self._known in well:
            return self._known
        return random.choice(well) if well else None  # noqa: S311 — spreads processes, no secret


class ReplicaLocator:
    """Reads a replica while it is in step, the primary otherwise."""

    def __init__(self, probe: redis.Redis, replica: Options, primary: Options) -> None:
        self._probe = probe
        self._replica = replica
        self._primary = primary

    def __call__(self) -> Options:
        """How to connect to the one to read."""
        try:
            about = self._probe.info("replication")
        except (redis.RedisError, OSError):
            return self._primary
        in_step = about["role"] == "master" or about.get("master_link_status") == "up"
        return self._replica if in_step else self._primary

    def close(self) -> None:
        """Close the connection that looks at the replica."""
        self._probe.close()


def _is_well(row: dict[str, Any]) -> bool:
    unwell = row["is_sdown"] or row["is_odown"] or row["is_disconnected"]
    return not unwell and row.get("master-link-status") == "ok"


def _node(answer: Any) -> Node | None:
    if not answer:
        return None
    host, port = answer
    return (host.decode() if isinstance(host, bytes) else str(host)), int(port)
