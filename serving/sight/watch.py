"""Sees every request of an application: `watch(app, shelf, settings)`."""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from flask import Flask, Response, g, request

from serving.settings import ServingSettings
from serving.shelf.shelf import Shelf
from serving.sight.routes import method_of, route_of
from serving.sight.served import Request
from serving.sight.settings import LogsSettings, MetricsSettings, TracesSettings
from serving.sight.traces import trace
from settings import ProjectSettings, Settings

if TYPE_CHECKING:
    from serving.lists.answering import Answered

FLUSH_EVERY_S = 1.0
BREAKER_STATES = ("closed", "open")

log = logging.getLogger("nightshelf.requests")


class Watch:
    """Notes what an application answers, and what its shelf holds."""

    def __init__(self, shelf: Shelf, settings: Settings) -> None:
        # Not before a worker runs: where counts lie is decided when prometheus_client is imported.
        from serving.sight.metrics import Metrics

        self.metrics = Metrics()
        self.each_flush: list[Callable[[], None]] = []  # what else is counted then
        self._shelf = shelf
        self._namespace = settings.read(ProjectSettings).namespace
        self._stale_after_s = settings.read(ServingSettings).stale_after.total_seconds()
        self._is_counted = settings.read(MetricsSettings).enabled
        logs = settings.read(LogsSettings)
        self._logged = logs.requests
        self._traces = settings.read(TracesSettings).enabled
        self._slow_s = logs.slow.total_seconds()
        self._opened = 0  # of the breaker, as far as it was counted

    def start(self) -> None:
        """Flush once a second from now on, and once more when the process ends."""
        if self._is_counted:
            threading.Thread(target=self._run, name="metrics", daemon=True).start()
            atexit.register(self.flush)

    def flush(self) -> None:
        """Count what was noted and look at the shelf."""
        self.metrics.flush()
        for call in self.each_flush:
            call()
        self._look()

    def note_start(self) -> None:
        """Before a request."""
        g.started = time.perf_counter()

    def note_answer(self, response: Response) -> Response:
        """After a request, whatever its answer."""
        # The proxies are looked through once, not at every attribute.
        notes = g._get_current_object()
        seconds = time.perf_counter() - notes.started
        status = response.status_code
        if self._is_counted:
            asked = request._get_current_object()  # type: ignore[attr-defined]
            route, method, served = route_of(asked), method_of(asked), notes.get("served")
            self.metrics.answered(Request(route, method, status, seconds, served))
        is_trouble = status >= 500 or seconds > self._slow_s
        if self._logged == "all" or (is_trouble and self._logged == "errors"):
            self._log(response, seconds)
        return response

    @property
    def sees_requests(self) -> bool:
        """Whether each request has to be seen as such, for its trace or its line in the log."""
        return self._logged == "all" or self._traces

    def note(
        self, route: str, method: str, status: int, seconds: float, answered: Answered, name: str
    ) -> None:
        """As `note_answer`, of an answer without a request of Flask's; *name* is the request's."""
        if self._is_counted:
            self.metrics.answered(Request(route, method, status, seconds, answered.served))
        if seconds > self._slow_s and self._logged == "errors":
            headers = dict(answered.headers)
            fields = {
                "route": route,
                "method": method,
                "status": status,
                "ms": round(seconds * 1000, 2),
                "version": headers.get("X-Recs-Version"),
                "tier": headers.get("X-Recs-Tier"),
                "request_id": name,
            }
            log.info("answered", extra={"fields": fields})

    def _run(self) -> None:
        while True:
            time.sleep(FLUSH_EVERY_S)
            try:
                self.flush()
            except Exception:
                logging.getLogger("nightshelf.serving").exception("the metrics cannot be counted")

    def _log(self, response: Response, seconds: float) -> None:
        status = response.status_code
        fields = {
            "route": route_of(request),
            "method": method_of(request),
            "status": status,
            "ms": round(seconds * 1000, 2),
            "version": response.headers.get("X-Recs-Version"),
            "tier": response.headers.get("X-Recs-Tier"),
        }
        level = logging.ERROR if status >= 500 else logging.INFO
        log.log(level, "answered", extra={"fields": fields})

    def note_detour(self) -> None:
        """The short way failed where the long one may not."""
        self.metrics.detours.inc()

    def _look(self) -> None:
        """Set the gauges to what the shelf holds now."""
        shelf, gauges = self._shelf, self.metrics
        snapshot = shelf.snapshot
        gauges.workers.labels("live").set(snapshot is not None)
        gauges.workers.labels("held").set(snapshot is None)
        for name in BREAKER_STATES:
            gauges.breakers.labels(name).set(name == shelf.breaker.state)
        opened = shelf.breaker.opened
        gauges.opened.inc(opened - self._opened)
        self._opened = opened
        provenance = (snapshot or shelf.static).provenance
        values = {
            "version_published_timestamp_seconds": _seconds(provenance.published_at),
            "version_as_of_timestamp_seconds": _seconds(provenance.generated_at),
            "lists_stale_after_seconds": self._stale_after_s,
        }
        if snapshot is not None:
            values["version_generation"] = snapshot.pointer.generation
            values["version_hold"] = snapshot.pointer.hold is not None
        for name, value in values.items():
            if value is not None:
                gauges.version[name].labels(self._namespace).set(value)


def watch(app: Flask, shelf: Shelf, settings: Settings) -> Watch:
    """Make *app* note every request; called before all other hooks, to time them as well."""
    seen = Watch(shelf, settings)
    app.before_request(seen.note_start)
    app.after_request(seen.note_answer)
    trace(app, settings)
    app.extensions["sight"] = seen
    return seen


def _seconds(moment: str | None) -> float | None:
    """Seconds since 1970 of *moment* as answers write it."""
    return None if moment is None else datetime.fromisoformat(moment).timestamp()
