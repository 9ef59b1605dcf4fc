"""A client whose server may change: where that is, is asked between requests, never in one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import redis
from redis.connection import ConnectionPool

Options = Mapping[str, Any]  # of every connection, host and port among them


class FollowingReader(redis.Redis):
    """Reads from the server that was found last.

    `follow` looks where it is now; until it was called once, the first command does that.
    """

    def __init__(self, locate: Callable[[], Options]) -> None:
        self._locate = locate
        self._lock = threading.Lock()
        self._options: Options | None = None
        self._pool: ConnectionPool | None = None
        # Never asked for a connection: it says which protocol the answers are in.
        super().__init__(connection_pool=ConnectionPool(protocol=2))
        self._pool = None

    def follow(self) -> None:
        """Connect to where the server is now; raises what the client raises if nobody knows."""
        self._find()

    @property
    def connection_pool(self) -> ConnectionPool:
        """Connections to the server that was found last."""
        return self._pool or self._find()

    @connection_pool.setter
    def connection_pool(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def close(self) -> None:
        """Close the connections, of this client and of those that look where the server is."""
        if self._pool is not None:
            self._pool.close()
        closing = getattr(self._locate, "close", None)
        if closing is not None:
            closing()

    def _find(self) -> ConnectionPool:
        options = self._locate()
        with self._lock:
            left = self._pool
            if left is not None and options == self._options:
                return left
            found = self._pool = ConnectionPool(**options)
            self._options = options
        if left is not None:
            left.disconnect(inuse_connections=False)  # those in use go with the pool
        return found


def follow(client: redis.Redis) -> None:
    """Look where *client*'s server is now, if that can change; what else calls this pays for it.

    Raises what the client raises when nobody knows, and no server is known from before.
    """
    if isinstance(client, redis.Redis) and hasattr(client, "follow"):
        client.follow()
