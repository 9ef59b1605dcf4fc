"""`POST /events` with a log that syncs each append, beside Flask that appends lines to a file.

Both run under the same gunicorn with two workers and are asked by wrk, in turns: single events, and
batches. Then a flood at ten times the limit of the settings, at a fixed pace, beside `GET /recs`.
Prints a table, and one JSON line last.

`python -m benchmarks.events --seconds 10 --rounds 3 --limit 200`
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.chaos_runners.stores import Server
from benchmarks.events_runners import open_loop
from benchmarks.peers_runners.http_load import Address, post
from benchmarks.peers_runners.processes import free_port, running
from benchmarks.serving_runners import filled
from benchmarks.serving_runners.contenders import ask_once, get, is_ready
from benchmarks.serving_runners.made_lists import NAMESPACE, Size, user_names
from benchmarks.serving_runners.wrk import Load, find_wrk, run_wrk, write_requests
from store.connection import StoreSettings, connect_publisher
from store.keys import NamespaceKeys

ROOT = Path(__file__).resolve().parents[1]
OURS, FLASK = "nightshelf", "flask"
WORKERS = 2
BATCHES = (1, 100)
CONNECTIONS = 64
RECS_PER_SECOND = 200
FLOOD = 10  # times the limit
SYNCED: dict[str, Any] = {"appendonly": "yes", "appendfsync": "always"}
LONGEST_P99_MS = 100.0  # what the design asks for
# What metarank publishes for its import, on its own machine: no measurement of ours.
# https://docs.metarank.ai/introduction/performance
METARANK_PUBLISHED = (1000, 3000)


@contextmanager
def serve(folder: Path, name: str, urls: tuple[str, str], **intake: int) -> Iterator[Address]:
    """One of the two under our gunicorn's configuration; its address."""
    place, port = folder / f"{name}-{free_port()}", free_port()
    place.mkdir()
    file = place / "nightshelf.toml"
    limits = "".join(f"{key} = {value}\n" for key, value in intake.items())
    file.write_text(
        f'[project]\nnamespace = "{NAMESPACE}"\n[store]\nurl = "{urls[0]}"\n'
        f'[event_log]\nurl = "{urls[1]}"\nmax_backlog = 1000000000\n[intake]\n{limits}'
        f'[serving]\nbind = "127.0.0.1:{port}"\nworkers = {WORKERS}\n[metrics]\nenabled = false\n',
        encoding="utf-8",
    )
    words = [] if name == OURS else ["benchmarks.events_runners.plain_flask:app"]
    command = [sys.executable, "-m", "gunicorn", "-c", "python:serving.gunicorn_config", *words]
    address = ("127.0.0.1", port)
    probe = get(user_names(1)[0]) if name == OURS else _LIVE
    environment = {
        **os.environ,
        "NIGHTSHELF_SETTINGS": str(file),
        "BENCHMARK_LOG": str(place / "events.log"),
    }
    with running(
        command,
        folder=ROOT,
        environment=environment,
        log=place / "log",
        answers=lambda: is_ready(lambda: bool(ask_once(address, probe).body)),
    ):
        yield address


_LIVE = "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"


def events_of(users: Sequence[str], batch: int) -> list[str]:
    """A request with *batch* clicks for each of some users."""
    return [
        post(
            "/events",
            json.dumps(
                {
                    "events": [
                        {"event_type": "click", "user_id": user, "item_id": f"item-{n:06d}"}
                        for n in range(batch)
                    ]
                }
            ),
        ).replace("Host: benchmark", "Host: localhost")  # events are for this computer
        for user in users[:50]
    ]


def measure_rates(chosen: argparse.Namespace, stack: ExitStack, folder: Path) -> dict[str, Any]:
    """Accepted events a second of both, medians of rounds in turns."""
    users, urls = user_names(chosen.users), chosen.urls
    limits = {"max_per_second": 1_000_000, "max_in_flight": 100_000}
    addresses = {name: stack.enter_context(serve(folder, name, urls, **limits)) for name in _BOTH}
    rates: dict[str, dict[int, list[float]]] = {name: {n: [] for n in BATCHES} for name in _BOTH}
    load = Load(connections=CONNECTIONS, seconds=chosen.seconds)
    for _ in range(chosen.rounds):
        for batch in BATCHES:
            requests = write_requests(folder / "requests", events_of(users, batch))
            for name in _BOTH:
                seen = run_wrk(addresses[name], requests, load)
                if seen.failed:
                    raise SystemExit(f"{name}: {seen.failed} of {seen.answers} failed")
                rates[name][batch].append(seen.per_second * batch)
    found = {
        name: {f"batches_of_{n}": round(statistics.median(each)) for n, each in by_batch.items()}
        for name, by_batch in rates.items()
    }
    ratios = {key: round(found[OURS][key] / found[FLASK][key], 2) for key in found[OURS]}
    return {"events_per_second": found, "ratio_to_flask": ratios}


_BOTH = (OURS, FLASK)


def measure_flood(chosen: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Lists at a pace, alone and beside single events at ten times the limit."""
    users = user_names(chosen.users)
    recs = {
        "requests": [get(user) for user in users[:200]],
        "per_second": RECS_PER_SECOND,
        "seconds": chosen.seconds,
        "connections": 32,
    }
    flood = {
        "requests": events_of(users, 1),
        "per_second": FLOOD * chosen.limit,
        "seconds": chosen.seconds,
        "connections": CONNECTIONS,
    }
    with serve(folder, OURS, chosen.urls, max_per_second=chosen.limit) as address:
        alone = open_loop.result(open_loop.start({**recs, "address": address}))
        started = [open_loop.start({**job, "address": address}) for job in (flood, recs)]
        events, beside = map(open_loop.result, started)
    refused = {status: n for status, n in beside["statuses"].items() if status != "200"}
    answered = sum(events["statuses"].values())
    return {
        "limit_per_second": chosen.limit,
        "recs_alone": alone,
        "recs_beside": beside,
        "recs_refused": sum(refused.values()) + beside["unanswered"],
        "events": events,
        "events_429_share": round(events["statuses"].get("429", 0) / max(answered, 1), 3),
        "p99_ratio": round(beside["p99_ms"] / alone["p99_ms"], 2),
    }


def measure(chosen: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Start the stores, publish lists, measure."""
    with ExitStack() as stack:
        servers = [Server(folder), Server(folder, **SYNCED)]
        for server in servers:
            stack.callback(server.stop)
        urls = tuple(f"redis://127.0.0.1:{server.port}/0" for server in servers)
        chosen.urls = urls
        with connect_publisher(StoreSettings(url=urls[0])) as client:
            size = Size(users=chosen.users, length=100, items=1000)
            filled.publish_made(client, folder / "lists", size)
        with ExitStack() as contenders:
            rates = measure_rates(chosen, contenders, folder)
        with servers[1].client() as log:
            stored = log.xlen(NamespaceKeys(NAMESPACE).events)
        flood = measure_flood(chosen, folder)
    met = {
        "recs_refused_0": flood["recs_refused"] == 0,
        "recs_p99_under_100_ms": flood["recs_beside"]["p99_ms"] < LONGEST_P99_MS,
    }
    published = {"metarank_published_per_second": list(METARANK_PUBLISHED)}
    return {**rates, **published, "stored": stored, "flood": flood, "goals": met}


def print_table(result: dict[str, Any]) -> None:
    """What people read."""
    print(
        f"{'accepted events a second':32}" + "".join(f"{name:>14}" for name in _BOTH) + "   ratio"
    )
    for key, ratio in result["ratio_to_flask"].items():
        figures = "".join(f"{result['events_per_second'][name][key]:>14,}" for name in _BOTH)
        print(f"{key.replace('_', ' '):32}{figures}{ratio:>8}")
    published = "{:,} to {:,}".format(*result["metarank_published_per_second"])
    print(f"metarank publishes {published} for its import, on its own machine")
    flood = result["flood"]
    print(f"\na flood of {FLOOD} × {flood['limit_per_second']} events a second beside lists")
    for key in ("recs_alone", "recs_beside", "events"):
        seen = flood[key]
        print(
            f"{key.replace('_', ' '):14}{seen['per_second']:>10}/s  p50 {seen['p50_ms']} ms  "
            f"p99 {seen['p99_ms']} ms  max {seen['max_ms']} ms  {seen['statuses']}"
        )
    print(f"lists refused {flood['recs_refused']}, events 429 {flood['events_429_share']:.1%}")


def main(words: Sequence[str] | None = None) -> None:
    """Measure and print; without wrk it says what to install."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.events", description=__doc__)
    parser.add_argument("--users", type=int, default=5000, help="with lists")
    parser.add_argument("--seconds", type=int, default=10, help="of each load")
    parser.add_argument("--rounds", type=int, default=3, help="of each load; medians are printed")
    parser.add_argument("--limit", type=int, default=200, help="[intake] max_per_second")
    parser.add_argument("--small", action="store_true", help="seconds, to see that it works")
    chosen = parser.parse_args(words)
    if chosen.small:
        chosen.users, chosen.seconds, chosen.rounds, chosen.limit = 500, 2, 1, 50
    find_wrk()
    with tempfile.TemporaryDirectory(prefix="nightshelf-events-") as name:
        result = measure(chosen, Path(name))
    print_table(result)
    said = {key: vars(chosen)[key] for key in ("users", "seconds", "rounds", "limit")}
    print(json.dumps({"benchmark": "events", **said, **result}))


if __name__ == "__main__":
    main()
