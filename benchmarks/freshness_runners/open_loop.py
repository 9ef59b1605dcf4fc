"""Requests at fixed moments, whatever the answers take: one process, many connections.

As a module it reads a job from its first argument and prints what it saw as one JSON line. It is
late itself where the machine is: latencies are counted from the moment that was planned.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from typing import Any
from uuid import uuid4

THREADS = 16
PROBE_EVERY = 5  # events: after one of so many it is watched when an answer changes
GIVE_UP_S = 10.0
JSON_TYPE = {"Content-Type": "application/json"}


@dataclass
class Seen:
    """What came of the requests of one process."""

    sent: int = 0
    failed: int = 0
    seconds: list[float] = field(default_factory=list)  # from the planned moment to the answer
    changed_s: list[float] = field(default_factory=list)  # from that to the first changed answer
    unchanged: int = 0  # answers that did not change in time

    def add(self, other: Seen) -> None:
        """Takes in what another thread saw."""
        self.sent += other.sent
        self.failed += other.failed
        self.seconds += other.seconds
        self.changed_s += other.changed_s
        self.unchanged += other.unchanged


class Client:
    """One keep-alive connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=GIVE_UP_S)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """Status and body; status 0 when the connection broke."""
        try:
            data = None if body is None else json.dumps(body)
            self._connection.request(method, path, data, JSON_TYPE if data else {})
            response = self._connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return 0, b""


def ask_recs(client: Client, job: dict[str, Any], turn: int, planned: float, seen: Seen) -> None:
    """One list of some user."""
    status, _ = client.ask("GET", f"/recs/u{turn * 7919 % job['users']}?n=10")
    seen.seconds.append(time.perf_counter() - planned)
    seen.failed += status != HTTPStatus.OK


def send_event(client: Client, job: dict[str, Any], turn: int, planned: float, seen: Seen) -> None:
    """One click; now and then of somebody new, whose answer then has to become another one."""
    is_probe = turn % PROBE_EVERY == 0
    user = f"probe-{uuid4().hex}" if is_probe else f"u{turn * 104_729 % job['users']}"
    event = {"event_type": "click", "user_id": user, "item_id": job["items"][turn % 20]}
    status, _ = client.ask("POST", "/events", {"events": [event]})
    seen.seconds.append(time.perf_counter() - planned)
    if status not in (HTTPStatus.OK, HTTPStatus.ACCEPTED):
        seen.failed += 1
    elif is_probe:
        _watch(client, user, planned, seen)


def _watch(client: Client, user: str, planned: float, seen: Seen) -> None:
    while (now := time.perf_counter()) - planned < GIVE_UP_S:
        status, body = client.ask("GET", f"/recs/{user}?n=10")
        if status == HTTPStatus.OK and json.loads(body)["served_by"] == "session":
            seen.changed_s.append(time.perf_counter() - planned)
            return
        time.sleep(max(0.0, 0.005 - (time.perf_counter() - now)))
    seen.unchanged += 1


KINDS: dict[str, Callable[[Client, dict[str, Any], int, float, Seen], None]] = {
    "recs": ask_recs,
    "events": send_event,
}


def run(job: dict[str, Any]) -> Seen:
    """Does *job* (kind, port, per_second, seconds, users, items) to its end."""
    total = int(job["per_second"] * job["seconds"])
    begin = time.perf_counter() + 0.2
    seen, lock = Seen(), threading.Lock()

    def work(first: int) -> None:
        client, mine = Client(job["port"]), Seen()
        for turn in range(first, total, THREADS):
            planned = begin + turn / job["per_second"]
            time.sleep(max(0.0, planned - time.perf_counter()))
            mine.sent += 1
            KINDS[job["kind"]](client, job, turn, planned, mine)
        with lock:
            seen.add(mine)

    threads = [threading.Thread(target=work, args=(first,)) for first in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


if __name__ == "__main__":
    print(json.dumps(asdict(run(json.loads(sys.argv[1])))))
