"""How fast events come from the stream to Parquet, whole: read, checked, written, acknowledged.

A store of its own with an append-only file; batches of the default size. The landing zone is filled
first with as many events of the week before, whose ids have to be told from the new ones.
One event in ten is an impression of twenty items, one in twenty was sent twice.
Prints one JSON line last.

`python -m benchmarks.collect --events 1000000`
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.chaos_runners.stores import Server
from pipelines.collect.collect import collect
from pipelines.collect.settings import CollectSettings
from pipelines.collected import open_collected
from settings import Settings, load_settings
from store.connection import StoreSettings, connect_publisher
from store.events import FIELD, IMPRESSION, Event, ShownItem, pack_event
from store.keys import NamespaceKeys

SMALL_EVENTS = 5_000
SHOWN = 20
DAY_US, WEEK_US = 86_400_000_000, 7 * 86_400_000_000
NAMESPACE = "bench"
_AT_ONCE = 5_000


def made_events(n: int, now_us: int, dice: random.Random, name: str) -> Iterator[Event]:
    """*n* events of the day before *now_us*; ids begin with *name*."""
    for number in range(n):
        again = number and dice.random() < 0.05
        known = dice.randrange(number) if again else number
        at = now_us - DAY_US + known * DAY_US // n
        common: dict[str, Any] = {
            "event_id": f"{name}-{known:032d}",
            "user_id": f"user-{known % 100_000:08d}",
            "event_at": at,
            "received_at": at + 50_000,
            "recommendation_id": f"{known:022d}",
            "page_view_id": f"page-{known:016d}",
            "version": "20180101T000000-0123456789ab-01234567",
            "surface": "home",
            "variant": "default",
        }
        if known % 10 == 0:
            items = [ShownItem(f"item-{k}", k + 1, "personal", 1.0) for k in range(SHOWN)]
            yield Event(event_type=IMPRESSION, items=tuple(items), **common)
        else:
            acted = {"item_id": f"item-{known % 10_000:06d}", "value": "2.50", "tier": "personal"}
            yield Event(event_type="click", **acted, **common)


def fill(settings: StoreSettings, events: Iterator[Event]) -> None:
    """Append *events* to the stream."""
    key = NamespaceKeys(NAMESPACE).events
    with closing(connect_publisher(settings)) as client:
        pipeline = client.pipeline(transaction=False)
        for event in events:
            pipeline.xadd(key, {FIELD: pack_event(event)})
            if len(pipeline) == _AT_ONCE:
                pipeline.execute()
        pipeline.execute()


def measure(folder: Path, n: int, seed: int, *, with_gate: bool) -> dict[str, Any]:
    """Seconds and rates of collecting *n* events beside as many that were there."""
    dice = random.Random(seed)
    store = Server(folder, appendonly="yes", appendfsync="everysec")
    try:
        url = f"redis://127.0.0.1:{store.port}/0"
        settings = _settings(folder, url, with_gate=with_gate)
        now = int(datetime.now(UTC).timestamp() * 1_000_000)
        fill(StoreSettings(url=url), made_events(n, now - WEEK_US + DAY_US, dice, "before"))
        collect(settings)
        fill(StoreSettings(url=url), made_events(n, now, dice, "now"))
        started = time.perf_counter()
        stored = collect(settings)
        seconds = time.perf_counter() - started
        collected = open_collected(settings)
        rows = stored.events + stored.impressions * SHOWN
        return {
            "records": stored.records,
            "events": stored.events,
            "impressions": stored.impressions,
            "duplicates": stored.duplicates,
            "rows": rows,
            "seconds": round(seconds, 2),
            "records_per_s": round(stored.records / seconds),
            "rows_per_s": round(rows / seconds),
            "files": len(collected.event_files()) + len(collected.impression_files()),
        }
    finally:
        store.stop()


def _settings(folder: Path, url: str, *, with_gate: bool) -> Settings:
    file = folder / "nightshelf.toml"
    file.write_text(
        f'[project]\nnamespace = "{NAMESPACE}"\n[store]\nurl = "{url}"\n'
        f"[collect]\ngreat_expectations = {json.dumps(with_gate)}\n",
        encoding="utf-8",
    )
    return load_settings(file, {})


def main(words: Sequence[str] | None = None) -> None:
    """Measure with Great Expectations and without, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--small", action="store_true", help=f"{SMALL_EVENTS} events")
    chosen = parser.parse_args(words)
    n = SMALL_EVENTS if chosen.small else chosen.events
    found = {}
    for name, with_gate in (("comparison", False), ("great_expectations", True)):
        with tempfile.TemporaryDirectory(prefix="nightshelf-collect-") as folder:
            found[name] = measure(Path(folder), n, chosen.seed, with_gate=with_gate)
        print(name, found[name])
    batch = CollectSettings().batch_events
    result = {"benchmark": "collect", "events": n, "batch_events": batch, "judged_by": found}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
