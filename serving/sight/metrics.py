"""Every metric of a web process.

A request appends one tuple, and `flush`, called once a second, counts what was appended:
docs/decisions/metrics.md has the figures.
With `PROMETHEUS_MULTIPROC_DIR` set before this module is imported the counts lie in that directory,
in files of this process, for `serving.sight.exporter` to add up; else in memory.
"""

from __future__ import annotations

import os
import threading
import time
from bisect import bisect_left
from collections import Counter as Counts
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from serving.sight import trips
from serving.sight.event_metrics import EventMetrics
from serving.sight.served import Request

# Seconds. 0.15 is the limit of the alert, and has to be an edge.
REQUEST_EDGES = (0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5)
TRIP_EDGES = (0.00025, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0)
_Note = TypeVar("_Note")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class BulkHistogram(Histogram):
    """A histogram that takes many values at once: one write a bucket instead of two a value."""

    def observe_all(self, values: Iterable[float]) -> None:
        """Observe every one of *values*."""
        total, buckets = 0.0, Counts[int]()
        for value in values:
            total += value
            buckets[bisect_left(self._upper_bounds, value)] += 1
        self._sum.inc(total)
        for place, n in buckets.items():
            self._buckets[place].inc(n)


class Metrics:
    """What this process counts; `answered` from any thread, `flush` from one at a time."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._answered: deque[Request] = deque(maxlen=200_000)
        self._flushing = threading.Lock()
        self._cpu_s = 0.0
        self._make_counters()
        self._make_gauges()
        self.events = EventMetrics(self.registry)
        self.starts.inc()

    def _make_counters(self) -> None:
        registry = self.registry
        self.requests = Counter(
            "nightshelf_requests",
            "Answered requests, by route template.",
            ["route", "method", "status"],
            registry=registry,
        )
        self.seconds = BulkHistogram(
            "nightshelf_request_seconds",
            "Time from routing to the finished answer.",
            ["route"],
            buckets=REQUEST_EDGES,
            registry=registry,
        )
        self.answers = Counter(
            "nightshelf_answers",
            "Answers with items, by the tier of the first one; 304 has none.",
            ["surface", "tier", "user"],
            registry=registry,
        )
        self.asked = Counter(
            "nightshelf_items_asked", "Items asked for.", ["surface"], registry=registry
        )
        self.given = Counter(
            "nightshelf_items_given", "Items given.", ["surface"], registry=registry
        )
        self.trips = BulkHistogram(
            "nightshelf_store_trip_seconds",
            "Round trips to the store, failed ones too.",
            ["purpose"],
            buckets=TRIP_EDGES,
            registry=registry,
        )
        self.store_errors = Counter(
            "nightshelf_store_errors",
            "Round trips to the store that failed.",
            ["purpose", "kind"],
            registry=registry,
        )
        self.cold_blocks = Counter(
            "nightshelf_catalogue_cold_blocks",
            "Catalogue blocks that were not cached.",
            registry=registry,
        )
        self.opened = Counter(
            "nightshelf_breaker_opened",
            "How often a worker stopped asking the store.",
            registry=registry,
        )
        self.detours = Counter(
            "nightshelf_short_way_failures",
            "Plain requests that Flask had to answer, since the short way to do it failed.",
            registry=registry,
        )
        self.starts = Counter("nightshelf_worker_starts", "Started workers.", registry=registry)
        self.cpu = Counter(
            "nightshelf_worker_cpu_seconds", "CPU time of the workers.", registry=registry
        )

    def _make_gauges(self) -> None:
        def gauge(name: str, text: str, labels: list[str], mode: str) -> Gauge:
            return Gauge(
                f"nightshelf_{name}",
                text,
                labels,
                registry=self.registry,
                multiprocess_mode=mode,  # type: ignore[arg-type] # one of its words
            )

        self.workers = gauge(
            "workers", "Workers, by where their lists come from.", ["lists"], "livesum"
        )
        self.breakers = gauge(
            "breaker_workers", "Workers, by the state of their breaker.", ["state"], "livesum"
        )
        self.memory = gauge("worker_resident_bytes", "Memory of all workers.", [], "livesum")
        of_version = [
            ("version_published_timestamp_seconds", "When the lists were published.", "livemin"),
            ("version_as_of_timestamp_seconds", "The moment the lists know up to.", "livemin"),
            ("version_generation", "How often the pointer was moved.", "livemin"),
            ("version_hold", "1: later nights load but do not show.", "livemax"),
            ("lists_stale_after_seconds", "The age from which lists are stale.", "livemax"),
        ]
        # With a label, they are absent until they have a value.
        self.version = {
            name: gauge(name, text, ["namespace"], mode) for name, text, mode in of_version
        }

    def answered(self, request: Request) -> None:
        """Remember *request* until the next flush."""
        self._answered.append(request)

    def flush(self) -> None:
        """Count what was noted since the last flush."""
        with self._flushing:
            self._count_requests(list(_drain(self._answered)))
            self._count_trips(list(_drain(trips.notes)))
            self._weigh_process()

    def _count_requests(self, requests: list[Request]) -> None:
        for (route, method, status), n in Counts(request[:3] for request in requests).items():
            self.requests.labels(route, method, str(status)).inc(n)
        by_route: dict[str, list[float]] = {}
        by_answer: Counts[tuple[str, str, str]] = Counts()
        given: Counts[str] = Counts()
        asked: Counts[str] = Counts()
        for request in requests:
            by_route.setdefault(request.route, []).append(request.seconds)
            if (served := request.served) is not None:
                by_answer[served[:3]] += 1
                given[served.surface] += served.given
                asked[served.surface] += served.asked
        for route, seconds in by_route.items():
            self.seconds.labels(route).observe_all(seconds)
        for labels, n in by_answer.items():
            self.answers.labels(*labels).inc(n)
        for surface, n in asked.items():
            self.asked.labels(surface).inc(n)
            self.given.labels(surface).inc(given[surface])

    def _count_trips(self, noted: list[trips.Noted]) -> None:
        by_purpose: dict[str, list[float]] = {}
        for note in noted:
            by_purpose.setdefault(note.purpose, []).append(note.seconds)
            if note.error is not None:
                self.store_errors.labels(note.purpose, trips.kind_of(note.error)).inc()
            if note.blocks:
                self.cold_blocks.inc(note.blocks)
        for purpose, seconds in by_purpose.items():
            self.trips.labels(purpose).observe_all(seconds)

    def _weigh_process(self) -> None:
        cpu_s = time.process_time()
        self.cpu.inc(cpu_s - self._cpu_s)
        self._cpu_s = cpu_s
        try:
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        except OSError:  # there is none outside of Linux
            return
        self.memory.set(pages * PAGE_BYTES)


def _drain(notes: deque[_Note]) -> Iterable[_Note]:
    """Take what is there now, oldest first; what other threads add meanwhile may stay."""
    for _ in range(len(notes)):
        yield notes.popleft()
