"""Clients that go on asking while things break, and count what they got.

Each keeps one connection open, as a browser does, and asks at a steady pace. As a browser does, it
asks once more on a new connection when an old one ends before any byte of the answer.
"""

from __future__ import annotations

import http.client
import json
import socket
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple, Self

PAUSE_S = 0.01  # between two requests of a client
TIMEOUT_S = 10.0
JOIN_S = 30.0

Address = tuple[str, int]


class Seen(NamedTuple):
    """One request, as who sent it saw it."""

    at: float  # when the answer was there, on the monotonic clock
    seconds: float
    status: int  # 0: no answer, not even at the second attempt
    tier: str  # that served it
    retried: bool  # whether the first connection ended without an answer


class Load:
    """So many clients that ask for *paths* in turns until the block ends."""

    def __init__(self, address: Address, paths: Sequence[str], *, clients: int) -> None:
        self._address = address
        self._paths = paths
        self._ended = threading.Event()
        self._seen: list[list[Seen]] = [[] for _ in range(clients)]
        self._threads = [
            threading.Thread(target=self._run, args=(number,), daemon=True)
            for number in range(clients)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(JOIN_S)

    def seen(self, since: float = 0.0) -> list[Seen]:
        """Everything after *since* until now, in the order of the answers."""
        return sorted(one for seen in self._seen for one in list(seen) if one.at >= since)

    def silent(self, since: float) -> int:
        """How many clients got no answer after *since*."""
        return sum(not any(one.at >= since for one in list(seen)) for seen in self._seen)

    def wait_for(self, accept: Callable[[Seen], bool], n: int, seconds: float) -> bool:
        """Whether *accept* took the next *n* answers of everybody together, within *seconds*."""
        deadline = time.monotonic() + seconds
        since = time.monotonic()
        while time.monotonic() < deadline:
            found = self.seen(since)
            refused = [one.at for one in found if not accept(one)]
            if refused:
                since = max(refused) + 1e-9
            elif len(found) >= n:
                return True
            time.sleep(0.02)
        return False

    def _run(self, number: int) -> None:
        asking = _Client(self._address)
        place = number
        while not self._ended.is_set():
            self._seen[number].append(asking.ask(self._paths[place % len(self._paths)]))
            place += len(self._seen)
            self._ended.wait(PAUSE_S)
        asking.close()


class _Client:
    def __init__(self, address: Address) -> None:
        self._address = address
        self._connection: http.client.HTTPConnection | None = None

    def ask(self, path: str) -> Seen:
        started = time.monotonic()
        retried = False
        for attempt in (0, 1):
            is_old = self._connection is not None
            try:
                status, tier = self._exchange(path)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                retried = True
                # A new connection that was ended may be a worker that died with the request.
                if attempt or isinstance(error, TimeoutError) or not (is_old or _was_ended(error)):
                    break
            else:
                now = time.monotonic()
                return Seen(now, now - started, status, tier, retried)
        now = time.monotonic()
        return Seen(now, now - started, 0, "", retried)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _exchange(self, path: str) -> tuple[int, str]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(*self._address, timeout=TIMEOUT_S)
        self._connection.request("GET", path)
        response = self._connection.getresponse()
        body = response.read()
        if response.will_close:
            self.close()
        tier = response.getheader("X-Recs-Tier") or ""
        if response.status == http.HTTPStatus.OK:
            json.loads(body)  # raises where half of an answer came
        return response.status, tier


def _was_ended(error: Exception) -> bool:
    return isinstance(error, ConnectionResetError | http.client.RemoteDisconnected)


def summarise(seen: Sequence[Seen]) -> dict[str, object]:
    """Counts by status and tier, how many asked twice or got nothing, and quantiles in ms."""
    answered = [one.seconds * 1000 for one in seen if one.status]
    cuts = statistics.quantiles(answered, n=1000, method="inclusive") if len(answered) > 1 else []
    return {
        "requests": len(seen),
        "statuses": dict(sorted(Counter(str(one.status) for one in seen if one.status).items())),
        "tiers": dict(sorted(Counter(one.tier for one in seen if one.tier).items())),
        "retried": sum(one.retried for one in seen),
        "lost": sum(one.status == 0 for one in seen),
        **{
            name: round(cuts[place], 1) if cuts else None
            for name, place in (("p50_ms", 499), ("p99_ms", 989), ("p999_ms", 998))
        },
        "max_ms": round(max(answered), 1) if answered else None,
    }


class HalfSent:
    """Connections that have sent a part of a request and then say nothing, until the block ends."""

    def __init__(self, address: Address, n: int) -> None:
        self._address = address
        self._n = n
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> Self:
        for _ in range(self._n):
            one = socket.create_connection(self._address, timeout=TIMEOUT_S)
            one.sendall(b"GET /recs/u1 HTTP/1.1\r\nHost: slow\r\nX-Slow: ")
            self._sockets.append(one)
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._sockets:
            with suppress(OSError):
                one.close()
