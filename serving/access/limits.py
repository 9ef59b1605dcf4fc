"""How often somebody called: counted here, told to the others once a second.

Each caller has one number, the moment at which its allowance will be whole again (the generic cell
rate algorithm): no windows whose borders let twice as much through, nothing to reset.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from serving.access.rate import RateLimit

PER_EXCHANGE = 500  # callers that are told to the others in one trip, the busiest first


class Verdict(NamedTuple):
    """Whether a request is answered, and what its caller has left."""

    allowed: bool
    limit: RateLimit
    remaining: int  # requests that would be answered at once
    wait: float  # seconds until one more is allowed: 0 while something remains
    reset: float  # seconds until all are


class _Caller:
    __slots__ = ("pending", "whole_at")

    def __init__(self) -> None:
        self.whole_at = 0.0
        self.pending = 0  # requests that the others have not heard of


class Limiter:
    """Counts the requests of at most *tracked* callers; safe to share between threads.

    When there are more, those who called longest ago are forgotten.
    """

    def __init__(
        self, limit: RateLimit, tracked: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.limit = limit
        self._tracked = tracked
        self._clock = clock
        self._callers: OrderedDict[str, _Caller] = OrderedDict()  # who called last is last
        self._lock = threading.Lock()

    def take(self, caller: str) -> Verdict:
        """Count a request of *caller* if it may have one more; a refused one costs nothing."""
        with self._lock:
            now = self._clock()
            known = self._callers.get(caller)
            if known is None:
                known = self._callers[caller] = _Caller()
                if len(self._callers) > self._tracked:
                    self._callers.popitem(last=False)
            else:
                self._callers.move_to_end(caller)
            interval, window = self.limit.interval, self.limit.window
            ahead = max(0.0, known.whole_at - now)
            allowed = ahead + interval <= window + 1e-9  # what rounding may add up to
            if allowed:
                ahead += interval
                known.whole_at = now + ahead
                known.pending += 1
        remaining = max(0, int((window - ahead) / interval + 1e-6))
        wait = 0.0 if remaining else ahead + interval - window
        return Verdict(allowed, self.limit, remaining, wait, ahead)

    def collect(self) -> list[tuple[str, int]]:
        """(caller, requests that the others have not heard of) of the busiest; counted as told."""
        with self._lock:
            self._forget_rested()
            waiting = [(c.pending, name) for name, c in self._callers.items() if c.pending]
            told = heapq.nlargest(PER_EXCHANGE, waiting)
            for _, name in told:
                self._callers[name].pending = 0
        return [(name, count) for count, name in told]

    def learn(self, aheads: Sequence[tuple[str, float]]) -> None:
        """Take over how many seconds of its limit each caller is ahead, by all processes' count."""
        with self._lock:
            now = self._clock()
            for name, ahead in aheads:
                if (known := self._callers.get(name)) is not None:
                    # What came while the others were asked is not in their count.
                    known.whole_at = now + ahead + known.pending * self.limit.interval

    def __len__(self) -> int:
        return len(self._callers)

    def _forget_rested(self) -> None:
        """Drop who has its whole allowance and nothing to tell: a stranger has just as much."""
        now = self._clock()
        rested = [n for n, c in self._callers.items() if c.whole_at <= now and not c.pending]
        for name in rested:
            del self._callers[name]
