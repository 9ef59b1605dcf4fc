"""Is an acknowledged event ever lost? kill -9 of worker, collector and store, again and again.

Shoppers send events to the real gunicorn, with retries and doubles, while one of the three is
killed each round: a worker of gunicorn, `pipelines collect --follow` (once it has stored something
since its start), or the store, which keeps an append-only file with fsync always. Then everything
is let come to rest, and the landing zone is read: each acknowledged event has to be there exactly
once. Prints one JSON line last.

A kill leaves the pages of the kernel as they are: what a loss of power does is not tried here.

`python benchmarks/loop_chaos.py --rounds 500`
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from http.client import HTTPConnection
from os import kill
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.chaos_runners.clients import Address
from benchmarks.chaos_runners.collectors import FollowingCollector, stored_ids
from benchmarks.chaos_runners.lists import NAMESPACE, make_lists, publish_all, user_paths
from benchmarks.chaos_runners.shoppers import Shoppers, Shown
from benchmarks.chaos_runners.site import Site
from benchmarks.chaos_runners.stores import Server
from pipelines.collected import open_collected
from settings import Settings, load_settings
from store.connection import StoreSettings, connect_publisher
from store.keys import NamespaceKeys

logger = logging.getLogger("nightshelf.benchmarks")

SMALL_ROUNDS = 15
USERS, ITEMS, LENGTH, SHOWN = 50, 60, 20, 5
REST_S = 600.0  # until everything is collected; what waits then is said apart
MORE, RECOVERY_S = 10, 20.0  # events between two kills, and how long they are waited for
COLLECT: dict[str, Any] = {
    "every": "100ms",
    "batch_events": 1000,
    "compact_files": 4,
    "compact_rows": 20_000,
    "great_expectations": False,  # each of the killed ones would load it anew
}


def play(folder: Path, *, rounds: int, shoppers: int, seed: int) -> dict[str, Any]:
    """Everything that became of the events of *rounds* kills."""
    dice = random.Random(seed)
    with ExitStack() as stack:
        store = Server(folder / "store", appendonly="yes", appendfsync="always")
        stack.callback(store.stop)
        url = f"redis://127.0.0.1:{store.port}/0"
        with closing(connect_publisher(StoreSettings(url=url))) as client:
            publish_all(client, make_lists(folder, USERS, LENGTH, ITEMS, (1,)))
        more = {"intake": {"max_per_second": 1_000_000}, "collect": COLLECT}
        site = Site(folder / "site", url, namespace=NAMESPACE, more=more)
        stack.callback(site.stop)
        site.wait_until_ready()
        settings = load_settings(site.settings, {})
        collector = FollowingCollector(site.settings)
        stack.callback(collector.stop)
        victims: dict[str, Callable[[], None]] = {
            "worker": lambda: _kill_worker(site, dice),
            "collector": collector.kill,
            "store": lambda: _restart(store),
        }
        killed = dict.fromkeys(victims, 0)
        crowd = Shoppers(site.address, shoppers, seed, _recommendations(site.address))
        n_collected = 0
        with crowd:
            for number in range(rounds):
                victim = list(victims)[number % len(victims)]
                _wait_for_more(crowd)
                if victim == "collector":
                    _wait_for_batch(settings, n_collected)
                time.sleep(dice.random() * 0.3)
                victims[victim]()
                if victim == "collector":
                    n_collected = _n_collected(settings)
                killed[victim] += 1
                if number % 50 == 49:
                    logger.info("round %d: %d events", number + 1, len(crowd.acknowledged))
        rested = _rest(settings, crowd.acknowledged)
        with closing(connect_publisher(StoreSettings(url=url))) as client:
            waiting = client.xlen(NamespaceKeys(NAMESPACE).events)
        found = {"killed": killed, "rested_s": rested, "waiting": waiting}
        return {**found, **_judge(settings, crowd)}


def _wait_for_more(crowd: Shoppers) -> None:
    """Until events are acknowledged again: a new worker takes seconds to start."""
    enough, deadline = len(crowd.acknowledged) + MORE, time.monotonic() + RECOVERY_S
    while len(crowd.acknowledged) < enough and time.monotonic() < deadline:
        time.sleep(0.01)


def _wait_for_batch(settings: Settings, before: int) -> None:
    """Until the collector has stored something; one that has just begun has nothing to lose."""
    deadline = time.monotonic() + RECOVERY_S
    while _n_collected(settings) <= before and time.monotonic() < deadline:
        time.sleep(0.01)


def _n_collected(settings: Settings) -> int:
    """Records that were brought to the landing zone."""
    counts: dict[str, int] = open_collected(settings).manifest.get("counts", {})
    return counts.get("records", 0)


def _kill_worker(site: Site, dice: random.Random) -> None:
    if workers := site.workers():
        with suppress(ProcessLookupError):
            kill(dice.choice(workers), signal.SIGKILL)


def _restart(store: Server) -> None:
    store.send(signal.SIGKILL)
    store.start()


def _recommendations(address: Address) -> list[Shown]:
    """Ids of a few lists, for impressions."""
    found = []
    for path in user_paths(SHOWN, SHOWN):
        with closing(HTTPConnection(*address, timeout=10)) as connection:
            connection.request("GET", path)
            answer = json.load(connection.getresponse())
            found.append((answer["user_id"], answer["recommendation_id"]))
    return found


def _rest(settings: Settings, acknowledged: set[str]) -> float:
    """Seconds until everything acknowledged was stored; at most `REST_S`."""
    started = time.monotonic()
    while time.monotonic() < started + REST_S:
        if not acknowledged - stored_ids(open_collected(settings)).keys():
            break
        time.sleep(0.2)
    return round(time.monotonic() - started, 1)


def _judge(settings: Settings, crowd: Shoppers) -> dict[str, Any]:
    collected = open_collected(settings)
    stored = stored_ids(collected)
    counts = collected.manifest.get("counts", {})
    return {
        "acknowledged": len(crowd.acknowledged),
        "stored": len(stored),  # with events that are in although their sender heard nothing
        "duplicates_removed": counts.get("duplicates", 0),
        "quarantined": counts.get("quarantined", 0),
        "sent_again": crowd.sent_again,
        "refused": crowd.refused,
        "rejected": crowd.rejected,
        "doubled": sum(n > 1 for n in stored.values()),
        "lost": len(crowd.acknowledged - stored.keys()),
    }


def main(words: Sequence[str] | None = None) -> None:
    """Play, print; exit code 1 when an event was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--shoppers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=random.randrange(10**9))
    parser.add_argument("--small", action="store_true", help=f"{SMALL_ROUNDS} rounds")
    chosen = parser.parse_args(words)
    if chosen.small:
        chosen.rounds = SMALL_ROUNDS
    logging.basicConfig(format="%(asctime)s %(message)s", stream=sys.stderr)
    logger.setLevel(logging.INFO)
    with tempfile.TemporaryDirectory(prefix="nightshelf-loop-") as folder:
        found = play(Path(folder), rounds=chosen.rounds, shoppers=chosen.shoppers, seed=chosen.seed)
    about = {"benchmark": "loop_chaos", "rounds": chosen.rounds, "seed": chosen.seed}
    print(json.dumps({**about, **found}))
    if found["lost"] or found["doubled"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
