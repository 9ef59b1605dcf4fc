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
from redis.connection import AbstractConnection

Command = tuple[str | bytes | int, ...]


class Trips:
    """Round trips over connections of *client*'s own kind; safe to share between threads."""

    def __init__(self, client: redis.Redis) -> None:
        self._pool = client.connection_pool
        self._resting: deque[AbstractConnection] = deque()
        # How many were asked for, and how many failed; threads may lose one of them.
        self.made = 0
        self.failed = 0

    def make(self, commands: Sequence[Command]) -> list[Any]:
        """The replies to *commands*, in their order.

        Raises what the client raises when the store does not answer, or answers with an error.
        """
        self.made += 1
        try:
            return self._make(
                [b"".join([hiredis.pack_command(command) for command in commands])], len(commands)
            )
        except (redis.RedisError, OSError):
            self.failed += 1
            raise

    def _make(self, request: list[bytes], n: int) -> list[Any]:
        try:
            connection = self._resting.pop()
        except IndexError:
            return self._exchange(self._pool.get_connection(), request, n)
        try:
            return self._exchange(connection, request, n)
        except redis.ConnectionError:
            # A server that was started anew has closed what rested here: that is known at once,
            # and no reason to give up. After a timeout the budget of the request is spent.
            self.let_go()
        return self._exchange(self._pool.get_connection(), request, n)

    def let_go(self) -> None:
        """Close the connections that nobody is using."""
        while self._resting:
            try:
                self._close(self._resting.pop())
            except IndexError:  # another thread was faster
                return

    def _exchange(self, connection: AbstractConnection, request: list[bytes], n: int) -> list[Any]:
        try:
            connection.send_packed_command(request, check_health=False)
            replies = [self._read(connection) for _ in range(n)]
        except BaseException:  # whoever is stopped here leaves replies unread
            self._close(connection)
            raise
        self._resting.append(connection)
        return replies

    @staticmethod
    def _read(connection: AbstractConnection) -> Any:
        try:
            return connection.read_response(disable_decoding=True, disconnect_on_error=False)
        except redis.TimeoutError:
            # The budget is for the store. A process that was late itself finds the reply there.
            if not connection.can_read(0):
                raise
        return connection.read_response(disable_decoding=True)

    def _close(self, connection: AbstractConnection) -> None:
        connection.disconnect()
        self._pool.release(connection)
