"""Round trips of all requests of a gevent worker, carried together.

While one trip is under way, the commands of the requests that come meanwhile gather for the next.
Under load that is one write and one read for many requests, over one connection; and every request
waits once, so that a client whose next request is always there already cannot keep the others out.
The idea is the implicit pipelining of client libraries such as Lettuce and rueidis.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gevent
import redis
from gevent.event import AsyncResult, Event

from store.trip import Command, Trips

PATIENCE_S = 1.0  # beyond any trip, but those of a store that sends byte by byte
MAX_SHARED = 16  # commands; a trip of more goes alone, so that small ones need not wait for it


class SharedTrips(Trips):
    """As `Trips`, for the greenlets of one gevent worker."""

    def __init__(self, client: redis.Redis) -> None:
        super().__init__(client)
        self._waiting: list[tuple[Sequence[Command], AsyncResult]] = []
        self._wake = Event()
        self._carrier: gevent.Greenlet | None = None

    def ask(self, commands: Sequence[Command]) -> list[Any]:
        """The replies to *commands*, errors among them, in their order.

        Raises what the client raises when the store does not answer.
        """
        if len(commands) > MAX_SHARED:
            return super().ask(commands)
        result = AsyncResult()
        self._waiting.append((commands, result))
        if self._carrier is None or self._carrier.dead:
            self._carrier = gevent.spawn(self._carry_on)
        self._wake.set()
        try:
            return result.get(timeout=PATIENCE_S)
        except gevent.Timeout:  # whoever carried was stopped; no trip takes that long
            raise redis.TimeoutError("nobody carried the commands to the store") from None

    def _carry_on(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            while self._waiting:
                together, self._waiting = self._waiting, []
                self._carry(together)

    def _carry(self, together: list[tuple[Sequence[Command], AsyncResult]]) -> None:
        try:
            replies = super().ask([one for commands, _ in together for one in commands])
        except (redis.RedisError, OSError) as error:
            # Whoever waits behind a trip that failed would wait for the same store once more.
            behind, self._waiting = self._waiting, []
            for _, result in [*together, *behind]:
                result.set_exception(error)
            return
        except Exception as error:  # of commands that cannot be written: whose shows only alone
            if len(together) == 1:
                together[0][1].set_exception(error)
            else:
                for asked in together:
                    self._carry([asked])
            return
        start = 0
        for commands, result in together:
            result.set(replies[start : start + len(commands)])
            start += len(commands)
