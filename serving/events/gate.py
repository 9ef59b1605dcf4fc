"""Stands before `POST /events`: a flood is answered 429 before its bodies are read.

Before Flask, so that refusing costs next to nothing and `GET /recs` keeps its share of the machine.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from serving.lists.answering import Answered
from serving.manners.cors import CorsSettings
from serving.manners.manners import REQUEST_ID, name_of
from serving.manners.problems import CONTENT_TYPE
from serving.sight.watch import Watch

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATHS = frozenset({"/events", "/v1/events"})


class Allowance:
    """How many events a process takes: *per_second*, and as many at once; *in_flight* requests.

    A batch is counted when its events are, so that one may take what is not there yet: the next
    waits until it is.
    """

    def __init__(
        self, per_second: float, in_flight: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.per_second = per_second
        self.most_in_flight = in_flight
        self.in_flight = 0
        self._clock = clock
        self._most = max(1.0, per_second)
        self._left = self._most
        self._counted_at = clock()

    def wait(self) -> float:
        """Seconds until one more event is taken; 0: now."""
        self._fill()
        return 0.0 if self._left > 0 else max(-self._left, 1e-6) / self.per_second

    def take(self, n_events: int) -> float:
        """Count *n_events*; not if it returns more than 0, the seconds until they may come."""
        seconds = self.wait()
        if not seconds:
            self._left -= n_events
        return seconds

    def _fill(self) -> None:
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._counted_at) * self.per_second)
        self._counted_at = now


class Gate:
    """Hands requests to *behind*, unless they bring events that are too many."""

    def __init__(
        self,
        behind: WSGIApplication,
        allowance: Allowance,
        watch: Watch,
        cors: CorsSettings,
        refused: Callable[[str], None],
    ) -> None:
        self._behind = behind
        self._allowance = allowance
        self._watch = watch
        self._origins = frozenset(cors.origins)
        self._refused = refused

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The WSGI application."""
        if environ["REQUEST_METHOD"] != "POST" or environ["PATH_INFO"] not in PATHS:
            return self._behind(environ, start_response)
        allowance = self._allowance
        seconds = allowance.wait()
        if seconds:
            return self._refuse(environ, start_response, "rate", seconds)
        if allowance.in_flight >= allowance.most_in_flight:
            return self._refuse(environ, start_response, "in_flight", 1.0)
        allowance.in_flight += 1
        try:
            return self._behind(environ, start_response)  # answers are whole when it returns
        finally:
            allowance.in_flight -= 1

    def _refuse(
        self, environ: WSGIEnvironment, start_response: StartResponse, why: str, seconds: float
    ) -> Iterable[bytes]:
        started = time.perf_counter()
        self._refused(why)
        status = HTTPStatus.TOO_MANY_REQUESTS
        name = name_of(environ)
        body = _REFUSALS[why]
        headers = [
            ("Content-Type", CONTENT_TYPE),
            ("Content-Length", str(len(body))),
            ("Retry-After", str(math.ceil(seconds))),
            ("Vary", "Origin, Accept-Encoding" if self._origins else "Accept-Encoding"),
            (REQUEST_ID, name),
            ("X-Content-Type-Options", "nosniff"),
        ]
        origin = environ.get("HTTP_ORIGIN")
        if origin in self._origins:
            headers += (
                ("Access-Control-Allow-Origin", str(origin)),
                ("Access-Control-Expose-Headers", "Retry-After, X-Request-ID"),
            )
        answered = Answered(status, headers, body, None)
        spent = time.perf_counter() - started
        self._watch.note(environ["PATH_INFO"], "POST", int(status), spent, answered, name)
        start_response(f"{status.value} {status.phrase}", headers)
        return [body]


def _problem(detail: str) -> bytes:
    status = HTTPStatus.TOO_MANY_REQUESTS
    body = {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": detail,
    }
    return json.dumps(body).encode()


_REFUSALS = {
    "rate": _problem("More events come than [intake] max_per_second; send them again later."),
    "in_flight": _problem("More requests are under way than [intake] max_in_flight."),
}
