"""The running application, as a browser sees it: over HTTP, and at the simulated time."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode, urlsplit

from pipelines.simulate.choice import SimulationError

CLOCK = "X-Simulated-Time"
_TIMEOUT_S = 30.0
_TRIES = 2  # a connection that was idle may have been closed


@dataclass(frozen=True)
class Taken:
    """What became of the events of one request."""

    accepted: int = 0
    refused: int = 0
    failed: int = 0  # the whole request was not answered with 2xx or 400


class App:
    """One connection to the application at *url*, kept open."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise SimulationError(f"found the address {url!r}; expected http://host:port")
        self.url = url
        self._connection = http.client.HTTPConnection(
            parts.hostname, parts.port or 80, timeout=_TIMEOUT_S
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def recommend(self, user: str, surface: str, n: int, at: datetime) -> dict[str, Any] | None:
        """The answer for *user* at the moment *at*; None when there is none."""
        query = urlencode({"surface": surface, "n": n})
        status, body = self._ask("GET", f"/recs/{quote(user, safe='')}?{query}", None, at)
        return body if status == http.client.OK else None

    def send(self, events: list[dict[str, Any]], at: datetime) -> Taken:
        """Post *events*, received at the moment *at*."""
        status, body = self._ask("POST", "/events", {"events": events}, at)
        if "accepted" in body and status < http.client.INTERNAL_SERVER_ERROR:
            return Taken(int(body["accepted"]), len(body["rejected"]))
        return Taken(failed=len(events))

    def _ask(self, method: str, path: str, body: Any, at: datetime) -> tuple[int, dict[str, Any]]:
        headers = {CLOCK: f"{at.isoformat()}Z", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        for tries_left in reversed(range(_TRIES)):
            try:
                self._connection.request(method, path, data, headers)
                response = self._connection.getresponse()
                said = response.read()
                break
            except (http.client.HTTPException, OSError) as error:
                self._connection.close()
                if not tries_left:
                    raise SimulationError(
                        f"{self.url} does not answer ({type(error).__name__}: {error}); start the "
                        "app with [intake] simulated_clock = true, then play again"
                    ) from None
        try:
            return response.status, json.loads(said)
        except ValueError:
            return response.status, {}
