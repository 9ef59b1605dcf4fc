"""Shoppers who send events until each is acknowledged, some of them twice, and keep count."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from typing import Any, Self

from benchmarks.chaos_runners.clients import Address

TIMEOUT_S = 5.0
PAUSE_S = 0.02  # between two requests of a shopper, and before one is tried again
JOIN_S = 60.0
AGAIN = 0.2  # of the acknowledged requests are sent once more
MOST_EVENTS = 8  # of a request
BEHIND = 0.3  # of the events happened up to three days ago
Shown = tuple[str, str]  # a user, and the id of a list of theirs
ACCEPTED = (http.HTTPStatus.ACCEPTED, http.HTTPStatus.MULTI_STATUS)


class Shoppers:
    """So many that send until the block ends; what was acknowledged is in `acknowledged`."""

    def __init__(self, address: Address, n: int, seed: int, recommendations: list[Shown]) -> None:
        self.acknowledged: set[str] = set()
        self.sent_again = 0  # requests: after no answer, or although it was acknowledged
        self.refused = 0  # requests: answers other than 202 and 207
        self.rejected = 0  # events
        self._address = address
        self._recommendations = recommendations
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._shop, args=(number, random.Random(seed + number)))
            for number in range(n)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(JOIN_S)

    def _shop(self, number: int, dice: random.Random) -> None:
        n = 0
        while not self._ended.is_set():
            events = [
                self._event(f"s{number}-{n}-{k}", dice) for k in range(dice.randint(1, MOST_EVENTS))
            ]
            n += 1
            while not self._send(events) and not self._ended.wait(PAUSE_S):
                self._count("sent_again")
            if dice.random() < AGAIN and self._send(events):
                self._count("sent_again")
            self._ended.wait(PAUSE_S)

    def _send(self, events: list[dict[str, Any]]) -> bool:
        """Whether *events* were answered for: acknowledged, or rejected for good."""
        connection = http.client.HTTPConnection(*self._address, timeout=TIMEOUT_S)
        try:
            body = json.dumps(events)
            connection.request("POST", "/events", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError):
            return False
        finally:
            connection.close()
        if response.status not in ACCEPTED:
            self._count("refused")
            return False
        bad = {item["index"] for item in answer["rejected"]}
        with self._lock:
            self.acknowledged |= {
                event["event_id"] for place, event in enumerate(events) if place not in bad
            }
        self._count("rejected", len(bad))
        return True

    def _event(self, event_id: str, dice: random.Random) -> dict[str, Any]:
        ago = dice.random() * 3 * 86_400 if dice.random() < BEHIND else dice.random()
        event: dict[str, Any] = {
            "event_id": event_id,
            "event_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - ago)),
            "user_id": f"u{dice.randrange(50)}",
            "page_view_id": event_id,
        }
        if self._recommendations and dice.random() < 0.3:
            user_id, shown = dice.choice(self._recommendations)
            event |= {"user_id": user_id, "recommendation_id": shown, "items": [1, 2, 3]}
            return {**event, "event_type": "impression"}
        item = f"i{dice.randrange(50)}"
        return {**event, "event_type": dice.choice(["view", "click", "purchase"]), "item_id": item}

    def _count(self, name: str, n: int = 1) -> None:
        with self._lock:
            setattr(self, name, getattr(self, name) + n)
