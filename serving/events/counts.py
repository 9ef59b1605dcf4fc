"""What was taken and refused since the metrics were last counted; safe from any thread."""

from __future__ import annotations

from collections import deque
from typing import Any, Protocol

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

    def flush(self, counters: dict[str, Any]) -> None:
        """Add what was noted to *counters* (of prometheus_client), by their names."""
        for _ in range(len(self._notes)):
            which, label, n = self._notes.popleft()
            counters[which].labels(label).inc(n)


class Counted(Protocol):
    """What takes events, as its metrics see it."""

    counts: Counts
    spooled: int
    state: Any  # with `backlog`, once it was looked at


class EventMetrics:
    """The metrics of events, in *registry*; made once a worker runs."""

    def __init__(self, registry: Any, intake: Counted) -> None:
        from prometheus_client import Counter, Gauge

        def counter(name: str, text: str, label: str) -> Counter:
            return Counter(f"nightshelf_{name}", text, [label], registry=registry)

        self._intake = intake
        self._counters = {
            "accepted": counter(
                "events_accepted", "Events taken in, by what they survive.", "durability"
            ),
            "rejected": counter("events_rejected", "Bad events, by what was wrong.", "problem"),
            "refused": counter(
                "events_refused", "Requests with events told to come again, by why.", "why"
            ),
            "exposures": counter(
                "exposures", "Answers logged as impressions, and those that were not.", "outcome"
            ),
        }
        self._spooled = Gauge(
            "nightshelf_events_spool_bytes",
            "Events on this computer's disk that the log has not taken yet.",
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._backlog = Gauge(
            "nightshelf_events_backlog",
            "Events in the log that were not collected yet.",
            registry=registry,
            multiprocess_mode="livemax",
        )

    def flush(self) -> None:
        """Count what was noted, and look at what waits."""
        self._intake.counts.flush(self._counters)
        self._spooled.set(self._intake.spooled)
        if self._intake.state is not None:
            self._backlog.set(self._intake.state.backlog)
