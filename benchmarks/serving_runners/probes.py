"""Which tier answers while wrk asks: wrk counts statuses, and an app that gave up says 200 too."""

from __future__ import annotations

import http.client
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from threading import Event, Thread

from benchmarks.peers_runners.http_load import Address
from benchmarks.serving_runners.contenders import N

EVERY_S = 0.1
PERSONAL = "personal"


@contextmanager
def probing(address: Address, users: list[str]) -> Iterator[Counter[str]]:
    """How often each tier answered one of *users*; complete when the block ends.

    Every probe is a new connection, so that any worker may get it.
    """
    tiers: Counter[str] = Counter()
    ended = Event()

    def probe() -> None:
        for user in cycle(users):
            if ended.wait(EVERY_S):
                return
            tiers[_tier(address, user)] += 1

    thread = Thread(target=probe, daemon=True)
    thread.start()
    try:
        yield tiers
    finally:
        ended.set()
        thread.join()


def personal_share(tiers: Counter[str]) -> float:
    """The share of lists of the user's own; 0 when nobody was asked."""
    return round(tiers[PERSONAL] / max(tiers.total(), 1), 4)


def _tier(address: Address, user: str) -> str:
    connection = http.client.HTTPConnection(*address, timeout=10)
    try:
        connection.request("GET", f"/recs/{user}?n={N}", headers={"Connection": "close"})
        response = connection.getresponse()
        response.read()
        return response.getheader("X-Recs-Tier") or f"none, status {response.status}"
    except OSError as error:
        return type(error).__name__
    finally:
        connection.close()
