"""Which worker takes the next connection: the one that has the fewest.

All workers of gunicorn accept from one socket, and whoever wakes first takes what is there. Clients
that keep their connections (proxies do) then stay with a full worker while another is idle, and
the slow answers are those of the full one. Here each worker says in shared memory how many it has,
and one that has more than another gives that one a moment to come first.
"""

from __future__ import annotations

import mmap
import time
from collections.abc import Callable
from typing import Any

from gevent.server import StreamServer

PAUSE_S = 0.001  # between two looks at the others
PATIENCE_S = 0.05  # for another worker to take what waits; a stuck one holds up no client longer
SLACK = 4  # more than another has: fewer make no difference, and strict turns take time
_AWAY = -1  # not accepting: not started yet, ending, or ended


class OpenConnections:
    """How many connections each worker has open: a number a worker, written by that one alone.

    Made before the workers are forked, so that all see the same memory.
    """

    def __init__(self, workers: int) -> None:
        # More places than workers: after a reload those of before are there for a while.
        self._memory = mmap.mmap(-1, 4 * max(16, 4 * workers))
        self._counts = memoryview(self._memory).cast("i")
        self._owners: dict[int, Any] = {}  # of the arbiter, which alone gives and takes places
        for place in range(len(self._counts)):
            self._counts[place] = _AWAY

    def give_place(self, worker: Any) -> int | None:
        """A free place for *worker*, or none when all are taken: it then accepts as it likes."""
        for place in range(len(self._counts)):
            if place not in self._owners:
                self._owners[place] = worker
                return place
        return None

    def take_place(self, worker: Any) -> None:
        """Free the place of a *worker* that ended, however it did."""
        for place in [place for place, owner in self._owners.items() if owner is worker]:
            self._counts[place] = _AWAY
            del self._owners[place]

    def start(self, place: int) -> None:
        """The worker of *place* accepts from now on."""
        self._counts[place] = 0

    def stop(self, place: int) -> None:
        """The worker of *place* accepts no more: nobody waits for it."""
        self._counts[place] = _AWAY

    def opened(self, place: int) -> None:
        """One more."""
        self._counts[place] += 1

    def closed(self, place: int) -> None:
        """One fewer, unless the worker has stopped."""
        if self._counts[place] > 0:
            self._counts[place] -= 1

    def has_most(self, place: int) -> bool:
        """Whether another worker that accepts has clearly fewer open than *place*."""
        enough = self._counts[place] - SLACK
        return any(0 <= other <= enough for other in self._counts)


class BalancedServer(StreamServer):  # type: ignore[misc] # gevent has no types for it
    """Accepts what waits, as far as no other worker has fewer.

    One connection at a time, as gunicorn has it with several workers, makes those that come at once
    wait for a turn of the loop each, and a turn answers all who are there already.
    """

    max_accept = 100

    def __init__(
        self,
        *args: Any,
        counts: OpenConnections,
        place: int,
        before_close: Callable[[], None],
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        self._counts, self._place, self._before_close = counts, place, before_close
        self._paused_since: float | None = None
        self._impatient_until = 0.0
        self._pause: Any = None

    def start_accepting(self) -> None:
        """Say so to the others as well."""
        if self._pause is None:
            super().start_accepting()

    def start(self) -> None:
        """Count from now on."""
        self._counts.start(self._place)
        super().start()

    def close(self) -> None:
        """The others wait for this worker no more."""
        self._counts.stop(self._place)
        if self._pause is not None:
            self._pause.close()
            self._pause = None
        super().close()
        self._before_close()

    def do_read(self) -> Any:
        """A connection, or none when another worker should take it."""
        if self._should_wait():
            self.stop_accepting()
            self._pause = self.loop.timer(PAUSE_S)
            self._pause.start(self._look_again)
            return None
        accepted = super().do_read()
        if accepted:
            self._paused_since = None
            self._counts.opened(self._place)
        return accepted

    def _should_wait(self) -> bool:
        now = time.monotonic()
        if now < self._impatient_until or not self._counts.has_most(self._place):
            self._paused_since = None
            return False
        if self._paused_since is None or now - self._paused_since > 10 * PATIENCE_S:
            self._paused_since = now  # the first, or the one before was taken by another
        if now - self._paused_since < PATIENCE_S:
            return True
        # Nobody came: the worker with fewer is stuck. Do not ask for a while.
        self._impatient_until, self._paused_since = now + 5 * PATIENCE_S, None
        return False

    def _look_again(self) -> None:
        self._pause.close()
        self._pause = None
        self._start_accepting_if_started()
