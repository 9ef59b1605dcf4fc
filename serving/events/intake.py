"""What becomes of checked events: into the log, else on this computer's disk, else come again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import redis
from werkzeug.exceptions import ServiceUnavailable, TooManyRequests

from serving.events.check import Rejected
from serving.events.counts import Counts
from serving.events.exposures import Exposures
from serving.events.gate import Allowance
from serving.events.spool import Spool, SpoolError
from serving.events.stream import LogState, Stream
from serving.shelf.breaker import Breaker
from store.connection import hide_password
from store.events import Event, pack_event

if TYPE_CHECKING:  # imported once a worker runs
    from serving.sight.event_metrics import EventMetrics

Durability = Literal["fsync", "process", "spool"]

EVERY_S = 1.0
RETRY_AFTER_S = 2
FAILURES = 3  # trips in a row after which events go to the spool at once

log = logging.getLogger("nightshelf.serving")


class Intake:
    """Takes events; safe to share between threads. `poll`, once a second, keeps it up to date."""

    def __init__(
        self,
        stream: Stream,
        spool: Spool,
        allowance: Allowance,
        max_backlog: int,
        exposures: Exposures | None = None,
    ) -> None:
        self.counts = Counts()
        self.allowance = allowance
        self.spool = spool
        self.spooled = 0  # bytes of all processes' files
        self.state: LogState | None = None  # when it was last looked at
        self._stream = stream
        self._max_backlog = max_backlog
        self._exposures = exposures
        self._breaker = Breaker(FAILURES)
        self._trouble: str | None = None
        self._has_looked = False
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def admit(self, n_events: int) -> None:
        """Count *n_events* of a request; raises `TooManyRequests` if others used up what may be."""
        if seconds := self.allowance.take(n_events):
            self.counts.refused("rate")
            raise TooManyRequests(
                "More events come than [intake] max_per_second; send them again later.",
                retry_after=max(1, round(seconds + 0.5)),
            )

    def take(self, events: Sequence[Event], rejected: Sequence[Rejected]) -> Durability | None:
        """Keep *events*; how well they are kept, None of no events.

        Raises `ServiceUnavailable` when they cannot be kept, or the log has too many.
        """
        for each in rejected:
            self.counts.rejected(each.problem.kind)
        if not events:
            return None
        durability = self._append(events) or self._spool(events)
        self.counts.accepted(durability, len(events))
        return durability

    def _append(self, events: Sequence[Event]) -> Durability | None:
        """Put *events* into the log; None when it does not take them."""
        if not self._has_looked:
            self._look()
        state = self.state
        if not self._breaker.is_closed or state is None:
            return None
        if self._is_full(state):
            self.counts.refused("backlog")
            raise ServiceUnavailable(
                "The event log has [event_log] max_backlog events that were not collected yet.",
                retry_after=RETRY_AFTER_S,
            )
        try:
            self._stream.append(events)
        except (redis.RedisError, OSError) as error:
            self._breaker.failed()
            self._note(f"{hide_password(str(error))}; events wait on disk")
            return None
        self._breaker.succeeded()
        return "fsync" if state.is_synced else "process"

    def _is_full(self, state: LogState) -> bool:
        return state.backlog >= self._max_backlog

    def _spool(self, events: Sequence[Event]) -> Durability:
        try:
            self.spool.append([pack_event(event) for event in events])
        except SpoolError as error:
            self.counts.refused("log")
            log.error("events cannot be kept: the log is away, and %s", error)
            raise ServiceUnavailable(
                "Neither the event log nor the disk takes events.", retry_after=RETRY_AFTER_S
            ) from None
        return "spool"

    def poll(self) -> None:
        """Look at the log, and hand it what waits on disk."""
        self._look()
        state = self.state
        if self._breaker.is_closed and state is not None and not self._is_full(state):
            self._replay()
            if self._exposures is not None:
                self._log_exposures(self._exposures)
        self.spooled = self.spool.measure()

    def _look(self) -> None:
        try:
            self._stream.follow()
            self.state = self._stream.look()
        except (redis.RedisError, OSError) as error:
            self._breaker.open()
            self._note(f"{hide_password(str(error))}; events wait on disk")
            return
        finally:  # whatever was found: no request waits again for what is away
            self._has_looked = True
        self._breaker.close()
        weak = "takes events, but may lose them when its computer fails: appendonly and "
        self._note("" if self.state.is_synced else f"{weak}appendfsync always would keep them")

    def _replay(self) -> None:
        try:
            if n := self.spool.replay(self._stream.append_records):
                log.warning("event log: has taken %d events that waited on disk", n)
        except (redis.RedisError, OSError) as error:
            self._note(f"{hide_password(str(error))}; events wait on disk")

    def _log_exposures(self, exposures: Exposures) -> None:
        for events in exposures.take():
            try:
                self._stream.append(events)
                self.counts.exposures("logged", len(events))
            except (redis.RedisError, OSError):
                self.counts.exposures("lost", len(events))

    def _note(self, trouble: str) -> None:
        """Log a change of *trouble*, not its repetition every second."""
        if trouble and trouble != self._trouble:
            log.warning("event log: %s", trouble)
        elif self._trouble and not trouble:
            log.warning("event log: reached again")
        self._trouble = trouble

    def count(self, metrics: EventMetrics) -> None:
        """Add what was noted since the last time to *metrics*, and tell what waits."""
        self.counts.flush(metrics.counters)
        metrics.spooled.set(self.spooled)
        if self.state is not None:
            metrics.backlog.set(self.state.backlog)

    def start(self) -> None:
        """Poll once a second from now on."""
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self.poll()
            except Exception:  # whatever it is, the thread goes on
                log.exception("a look at the event log failed")
            self._ended.wait(EVERY_S)

    def stop(self) -> None:
        """End the thread and close the connections; what is on disk is for others."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        self._stream.close()
        self.spool.close()
