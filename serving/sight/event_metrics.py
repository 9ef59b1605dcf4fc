"""The metrics of events; `serving.events` counts in them once a second."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

from serving.events.problem import KINDS

LABELS = {
    "accepted": ("fsync", "process", "spool"),
    "rejected": KINDS,
    "refused": ("rate", "in_flight", "backlog", "log"),
    "exposures": ("logged", "lost"),
}


class EventMetrics:
    """Counters by a label each, under the names that `serving.events.counts` has for them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, label: str) -> Counter:
            return Counter(f"nightshelf_{name}", text, [label], registry=registry)

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"nightshelf_{name}", text, registry=registry, multiprocess_mode="livemax")

        self.counters = {
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
        for which, labels in LABELS.items():  # each is there before it has happened once
            for label in labels:
                self.counters[which].labels(label)
        self.spooled = gauge("events_spool_bytes", "Events on disk that the log has not yet.")
        self.backlog = gauge("events_backlog", "Events in the log that were not collected yet.")
