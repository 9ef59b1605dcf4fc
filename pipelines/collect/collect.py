"""Empties the event log into the lake: once, or again and again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime

from pipelines.collect.compact import compact
from pipelines.collect.gate import BatchRefusedError
from pipelines.collect.landing import Landing, Stored
from pipelines.collect.lease import Lease, collector_lease
from pipelines.collect.settings import CollectSettings, SourceName
from pipelines.collect.source import EventSource, EventSourceError
from pipelines.collect.status import write_status
from pipelines.collect.stream import StreamSource
from pipelines.collected import open_collected, remove_unlisted
from settings import Settings
from store.connection import StoreUnreachableError

Clock = Callable[[], datetime]
_UNANSWERED = 10  # empty reads in a row of a log that says something waits

log = logging.getLogger("nightshelf")


def utc_now() -> datetime:
    """The moment, naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


def open_event_source(settings: Settings, name: SourceName | None = None) -> EventSource:
    """The event log *name*, by default the one of the settings.

    Raises `StoreUnreachableError` or `EventSourceError` when it does not answer.
    """
    if (name or settings.read(CollectSettings).source) == "kafka":
        from pipelines.collect.kafka import KafkaSource  # an extra

        return KafkaSource(settings)
    return StreamSource(settings)


def collect(
    settings: Settings,
    *,
    source: SourceName | None = None,
    accept_bad: bool = False,
    clock: Clock = utc_now,
) -> Stored:
    """Brings what waits in the log now into the landing zone, and joins small files.

    Safe to be killed anywhere and run again: every event is stored once.
    Raises `CollectorBusyError` while another collector gets on, `BatchRefusedError` when a batch
    is too bad (unless *accept_bad*), and what `open_event_source` raises.
    """
    stuck_after = settings.read(CollectSettings).stuck_after
    with collector_lease(settings, stuck_after) as lease:
        log_source = open_event_source(settings, source)
        landing = Landing(settings, lease, accept_bad=accept_bad)
        try:
            return drain(landing, log_source, clock)
        finally:
            log_source.close()


def follow(
    settings: Settings,
    stop: threading.Event,
    *,
    source: SourceName | None = None,
    clock: Clock = utc_now,
) -> Stored:
    """Collects again and again until *stop* is set; the sum of what was stored.

    A log that does not answer is tried again, and so is a batch that the gate refused.
    Raises `CollectorBusyError` at the start, `LeaseLostError` when another takes over.
    """
    chosen = settings.read(CollectSettings)
    total = Stored()
    with collector_lease(settings, chosen.stuck_after) as lease:
        landing = Landing(settings, lease)
        log_source: EventSource | None = None
        while True:
            try:
                log_source = log_source or open_event_source(settings, source)
                total += drain(landing, log_source, clock, stop)
            except (BatchRefusedError, EventSourceError, StoreUnreachableError) as error:
                log.error("collect: %s", error)
            if _wait(lease, stop, chosen):
                break
        if log_source is not None:
            log_source.close()
    return total


def drain(
    landing: Landing, source: EventSource, clock: Clock, stop: threading.Event | None = None
) -> Stored:
    """Stores what waits in *source* when this begins, batch by batch; *stop* ends it earlier.

    Small files are joined between batches: each batch looks at every file, and a collector that is
    killed again and again never comes to an end. Whatever comes of it, the status says so.
    Raises as `collect`.
    """
    total = Stored()
    try:
        for stored in _batches(landing, source, clock, stop):
            total += stored
        if total.records:
            remove_unlisted(open_collected(landing.settings))
    except (BatchRefusedError, EventSourceError) as error:
        _note(landing, source, clock, total, str(error))
        raise
    _note(landing, source, clock, total)
    return total


def _batches(
    landing: Landing, source: EventSource, clock: Clock, stop: threading.Event | None
) -> Iterator[Stored]:
    limit = landing.settings.read(CollectSettings).batch_events
    waiting, unanswered = source.lag().waiting, 0
    compact(landing.settings, landing.lease, clock())
    while waiting > 0 and unanswered < _UNANSWERED and not (stop and stop.is_set()):
        landing.lease.beat()
        records = source.read(limit)
        unanswered = 0 if records else unanswered + 1
        if records:
            stored = landing.store(source, records, clock())
            source.acknowledge(records)
            compact(landing.settings, landing.lease, clock())
            yield stored
        waiting -= len(records)


def _note(
    landing: Landing,
    source: EventSource,
    clock: Clock,
    total: Stored,
    error: str | None = None,
) -> None:
    try:
        lag = source.lag()
    except EventSourceError:
        lag = None
    write_status(
        landing.settings, now=clock(), source=source.name, lag=lag, stored=total, error=error
    )
    done = " ".join(f"{name}={value}" for name, value in asdict(total).items())
    log.info("collect: %s waiting=%s", done, "unknown" if lag is None else lag.waiting)


def _wait(lease: Lease, stop: threading.Event, chosen: CollectSettings) -> bool:
    """Waits for the next look, saying meanwhile that it is not stuck; whether to stop."""
    left = chosen.every.total_seconds()
    step = chosen.stuck_after.total_seconds() / 4
    while left > 0 and not stop.wait(min(left, step)):
        left -= step
        lease.beat()
    return stop.is_set()
