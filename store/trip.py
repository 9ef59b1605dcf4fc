"""Several reads in one round trip, with as little work around them as a request can have.

A pipeline of redis-py costs more time than the store does to answer it: it builds an object a
command, asks the pool under a lock and looks at the socket before each use. Here commands are
packed by hiredis and connections rest in a deque between requests.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import hiredis
import redis
from redis.connection import Connection, ConnectionPool

from store.cluster import ClusterReader
from store.following import follow
from store.replies import demand_all, read_reply

Command = tuple[str | bytes | int, ...]


class Trips:
    """Round trips over connections of *client*'s own kind; safe to share between threads."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._cluster = client if isinstance(client, ClusterReader) else None
        self._held = _Held(None)
        # How many were asked for, and how many failed; threads may lose one of them.
        self.made = 0
        self.failed = 0

    @property
    def client(self) -> redis.Redis:
        """Whose connections these are."""
        return self._client

    def follow(self) -> None:
        """Look where the server is now, if that can change: not for a request to wait for.

        Raises what the client raises when nobody knows.
        """
        follow(self._client)

    def make(self, commands: Sequence[Command]) -> list[Any]:
        """The replies to *commands*, in their order.

        Raises what the client raises when the store does not answer, or answers with an error.
        """
        return demand_all(self.ask(commands))

    def ask(self, commands: Sequence[Command]) -> list[Any]:
        """As `make`, with an error that is the reply to one command in its place.

        Raises what the client raises when the store does not answer.
        """
        self.made += 1
        try:
            if self._cluster is not None:
                return self._cluster.ask(commands)
            packed = [hiredis.pack_command(c) for c in commands]  # type: ignore[arg-type] # stub: of one
            return self._make([b"".join(packed)], len(commands))
        except (redis.RedisError, OSError):
            self.failed += 1
            raise

    def _make(self, request: list[bytes], n: int) -> list[Any]:
        held = self._held
        if held.pool is not self._client.connection_pool:  # another server since
            self.let_go()
            held = self._held = _Held(self._client.connection_pool)
        try:
            connection = held.resting.pop()
        except IndexError:
            return held.exchange(held.connect(), request, n)
        try:
            return held.exchange(connection, request, n)
        except redis.ConnectionError:
            # A server that was started anew has closed what rested here: that is known at once,
            # and no reason to give up. After a timeout the budget of the request is spent.
            self.let_go()
        return held.exchange(held.connect(), request, n)

    def let_go(self) -> None:
        """Close the connections that nobody is using."""
        self._held.let_go()


class _Held:
    """The connections to one server that rest between requests."""

    def __init__(self, pool: ConnectionPool | None) -> None:
        self.pool = pool
        self.resting: deque[Connection] = deque()

    def connect(self) -> Connection:
        """One more, of redis-py's pool."""
        if self.pool is None:
            raise redis.ConnectionError("no server is known yet")
        return self.pool.get_connection()

    def exchange(self, connection: Connection, request: list[bytes], n: int) -> list[Any]:
        """The *n* replies to *request*; afterwards *connection* rests here."""
        try:
            connection.send_packed_command(request, check_health=False)
            replies = [read_reply(connection) for _ in range(n)]
        except BaseException:  # whoever is stopped here leaves replies unread
            self._close(connection)
            raise
        self.resting.append(connection)
        return replies

    def let_go(self) -> None:
        """Close those that nobody is using."""
        while self.resting:
            try:
                self._close(self.resting.pop())
            except IndexError:  # another thread was faster
                return

    def _close(self, connection: Connection) -> None:
        connection.disconnect()
        if self.pool is not None:
            self.pool.release(connection)
