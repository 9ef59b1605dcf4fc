"""What users notice while the store or gunicorn breaks: the real thing under a steady load.

One scenario after the other, each on a store and a gunicorn of its own. A request that ends without
an answer is asked once more on a new connection, as a browser does: `retried`; what has none then
is `lost`. Prints a table, and one JSON line last.

`python -m benchmarks.serving_chaos --seconds 40 --clients 8`
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import redis

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.chaos_runners import scenarios as chaos
from benchmarks.chaos_runners.clients import HalfSent, Load, summarise
from benchmarks.chaos_runners.lists import (
    NAMESPACE,
    make_lists,
    publish_all,
    user_paths,
    version_of,
)
from benchmarks.chaos_runners.site import Site
from benchmarks.chaos_runners.stores import Server, Watched, wait_until
from store.connection import StoreSettings, connect_publisher
from store.pointer import read_active
from store.versions import activate

logger = logging.getLogger("nightshelf.benchmarks")

DAYS = (1, 2)
FROZEN_S = 5.0
WARM_ANSWERS = 200
WARM_S = 60.0
SLOW_CLIENTS = 100
SMALL_SECONDS = 3.0
SILENT_S = 1.0  # a client that had no answer for so long at the end is still waiting for one
LONGEST_P99_MS, LONGEST_RECOVERY_S = 150.0, 2.0  # what the design asks for


@dataclass
class Stage:
    """What a scenario plays on."""

    site: Site
    load: Load
    client: redis.Redis  # a publisher's
    store: Server
    watched: Watched | None
    republish: Callable[[], None]
    seconds: float


Scenario = Callable[[Stage], float | None]  # when what had broken was well again


def quiet(stage: Stage) -> None:
    """Nothing happens: what the others are to be compared with."""
    time.sleep(stage.seconds)


def store_frozen(stage: Stage) -> float:
    """The store is stopped for five seconds, then goes on."""
    time.sleep(stage.seconds / 4)
    return chaos.freeze(stage.store, min(FROZEN_S, stage.seconds / 2))


def store_restarted_empty(stage: Stage) -> float:
    """The store is killed and comes back without data; then the lists are published again."""
    time.sleep(stage.seconds / 4)
    return chaos.restart_empty(stage.store, stage.republish, min(FROZEN_S, stage.seconds / 4))


def store_full(stage: Stage) -> None:
    """The store has no memory for writes."""
    if not chaos.fill_up(stage.store, stage.seconds):
        raise RuntimeError("the store took a write although it was full")


def replica_promoted(stage: Stage) -> float:
    """The primary is killed; Sentinels promote its replica."""
    if stage.watched is None:
        raise RuntimeError("this store has no replica")
    time.sleep(stage.seconds / 4)
    return chaos.promote(stage.watched)


def version_deleted(stage: Stage) -> float:
    """What is live is deleted; after a few seconds another version is activated."""
    time.sleep(stage.seconds / 4)
    live = str(read_active(stage.client, NAMESPACE).version)
    chaos.drop_version(stage.client, NAMESPACE, live)
    time.sleep(stage.seconds / 4)
    other = next(version for version in map(version_of, DAYS) if version != live)
    activate(stage.client, NAMESPACE, other)
    return time.monotonic()


def worker_killed_every_second(stage: Stage) -> None:
    """kill -9 of the oldest worker, every second."""
    chaos.kill_workers(stage.site, stage.seconds, 1.0)


def sighup_every_5_s(stage: Stage) -> None:
    """All workers are replaced, every five seconds."""
    chaos.reload_workers(stage.site, stage.seconds, min(5.0, stage.seconds / 2))


def version_activated_every_second(stage: Stage) -> None:
    """The pointer moves between two versions, every second."""
    chaos.activate_in_turns(
        lambda n: activate(stage.client, NAMESPACE, version_of(DAYS[n % 2])), stage.seconds, 1.0
    )


def slow_clients(stage: Stage) -> None:
    """A hundred connections hold half of a request each."""
    with HalfSent(stage.site.address, SLOW_CLIENTS):
        time.sleep(stage.seconds)


SCENARIOS: tuple[Scenario, ...] = (
    quiet,
    store_frozen,
    store_restarted_empty,
    store_full,
    replica_promoted,
    version_deleted,
    worker_killed_every_second,
    sighup_every_5_s,
    version_activated_every_second,
    slow_clients,
)


def play(scenario: Scenario, chosen: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Everything that the clients saw during one scenario, and how long recovering took."""
    with ExitStack() as stack:
        watched = Watched(folder / "store") if scenario is replica_promoted else None
        store = watched.primary if watched else Server(folder / "store")
        stack.callback((watched or store).stop)
        url = watched.url if watched else f"redis://127.0.0.1:{store.port}/0"
        lists = make_lists(folder, chosen.users, chosen.length, chosen.items, DAYS)
        client = stack.enter_context(closing(connect_publisher(StoreSettings(url=url))))
        publish_all(client, lists)
        if watched is not None:
            with watched.replica.client() as replica:
                wait_until(lambda: replica.get(f"ns:{NAMESPACE}:active"), "the replica has it all")
        site = Site(folder / "site", url, namespace=NAMESPACE)
        stack.callback(site.stop)
        site.wait_until_ready()
        paths = user_paths(chosen.users, chosen.n)
        load = stack.enter_context(Load(site.address, paths, clients=chosen.clients))
        load.wait_for(chaos.is_personal, WARM_ANSWERS, WARM_S)
        stage = Stage(
            site, load, client, store, watched, lambda: publish_all(client, lists), chosen.seconds
        )
        started = time.monotonic()
        back = scenario(stage)
        recovered = None if back is None else round(chaos.recovery_s(load, back), 2)
        time.sleep(max(0.0, started + chosen.seconds - time.monotonic()))
        silent = load.silent(time.monotonic() - SILENT_S)
        return {**summarise(load.seen(started)), "silent": silent, "recovery_s": recovered}


def judge(name: str, seen: dict[str, object]) -> list[str]:
    """What the design asks for and *seen* has not."""
    wrong = []
    if set(dict(seen["statuses"])) - {"200"}:  # type: ignore[call-overload] # counts by status
        wrong.append(f"{name}: statuses {seen['statuses']}")
    if seen["lost"]:
        wrong.append(f"{name}: {seen['lost']} requests without an answer")
    if seen["silent"]:
        wrong.append(f"{name}: {seen['silent']} clients still waited for an answer")
    if float(str(seen["p99_ms"] or 0)) > LONGEST_P99_MS:
        wrong.append(f"{name}: p99 {seen['p99_ms']} ms; expected at most {LONGEST_P99_MS:.0f}")
    if float(str(seen["recovery_s"] or 0)) > LONGEST_RECOVERY_S:
        wrong.append(f"{name}: recovered after {seen['recovery_s']} s")
    return wrong


def table(results: dict[str, dict[str, object]]) -> str:
    """The results to read."""
    keys = ("requests", "retried", "lost", "silent", "p50_ms", "p99_ms", "max_ms", "recovery_s")
    lines = ["  ".join([f"{'scenario':31}", *(f"{key:>10}" for key in keys), "statuses, tiers"])]
    for name, seen in results.items():
        cells = [f"{'-' if seen[key] is None else seen[key]!s:>10}" for key in keys]
        lines.append("  ".join([f"{name:31}", *cells, f"{seen['statuses']} {seen['tiers']}"]))
    return "\n".join(lines)


def main(words: Sequence[str] | None = None) -> None:
    """Play every scenario, print."""
    names = [scenario.__name__ for scenario in SCENARIOS]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=40.0, help="of each scenario")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--items", type=int, default=10_000, help="of the catalogue")
    parser.add_argument("--length", type=int, default=100, help="stored items of a user")
    parser.add_argument("-n", type=int, default=20, help="items of an answer")
    parser.add_argument("--only", choices=names, action="append", help="this scenario, repeatable")
    parser.add_argument("--small", action="store_true", help="500 users, three seconds each")
    chosen = parser.parse_args(words)
    if chosen.small:
        chosen.seconds, chosen.users, chosen.items = SMALL_SECONDS, 500, 500
    logging.basicConfig(format="%(asctime)s %(message)s", stream=sys.stderr)
    logger.setLevel(logging.INFO)
    results: dict[str, dict[str, object]] = {}
    for scenario in SCENARIOS:
        if chosen.only and scenario.__name__ not in chosen.only:
            continue
        with tempfile.TemporaryDirectory(prefix="nightshelf-chaos-") as folder:
            results[scenario.__name__] = play(scenario, chosen, Path(folder))
        logger.info("%s: %s", scenario.__name__, results[scenario.__name__])
    print(table(results))
    result = {
        "benchmark": "serving_chaos",
        "seconds": chosen.seconds,
        "clients": chosen.clients,
        "users": chosen.users,
        "n": chosen.n,
        "scenarios": results,
        "wrong": [line for name, seen in results.items() for line in judge(name, seen)],
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
