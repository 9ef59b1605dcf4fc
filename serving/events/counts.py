"""What was taken and refused since the metrics were last counted; safe from any thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # imported once a worker runs: where counts lie is decided then
    from prometheus_client import Counter

Note = tuple[str, str, int]  # which counter, its label, how many


class Counts:
    """Notes cost an append; `flush`, once a second, counts them."""

    def __init__(self) -> None:
        self._notes: deque[Note] = deque(maxlen=200_000)  # the oldest go where nobody counts

    def accepted(self, durability: str, n: int) -> None:
        """*n* events were taken."""
        self._notes.append(("accepted", durability, n))

    def rejected(self, kind: str) -> None:
        """An event was bad."""
        self._notes.append(("rejected", kind, 1))

    def refused(self, why: str) -> None:
        """A request was told to come again later."""
        self._notes.append(("refused", why, 1))

    def exposures(self, outcome: str, n: int) -> None:
        """*n* answers were logged as impressions, or not."""
        self._notes.append(("exposures", outcome, n))

    def flush(self, counters: Mapping[str, Counter]) -> None:
        """Add what was noted to *counters*, by their names."""
        for _ in range(len(self._notes)):
            which, label, n = self._notes.popleft()
            counters[which].labels(label).inc(n)
