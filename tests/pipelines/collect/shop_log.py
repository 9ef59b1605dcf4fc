"""A namespace with an event log in a real store, and what tests read of its landing zone."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipelines.collect.collect import collect
from pipelines.collect.landing import Stored
from pipelines.collected import open_collected
from settings import Settings, load_settings
from store.connection import StoreSettings, connect_publisher
from store.events import FIELD, GROUP, IMPRESSION, Event, ShownItem, pack_event
from store.keys import NamespaceKeys

EPOCH = datetime(1970, 1, 1)
NOON = datetime(2024, 3, 1, 12)


def micros(moment: datetime) -> int:
    """µs since 1970 of a naive UTC moment."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def click(number: int, at: datetime = NOON, **more: Any) -> Event:
    """A good event of a name of its own, received a second after it happened."""
    values = {
        "event_id": f"e{number}",
        "event_type": "click",
        "user_id": f"u{number % 3}",
        "item_id": f"i{number % 5}",
        "event_at": micros(at),
        "received_at": micros(at + timedelta(seconds=1)),
    }
    return Event(**{**values, **more})


def impression(number: int, at: datetime = NOON, n: int = 3, **more: Any) -> Event:
    """A list of *n* items that somebody saw."""
    items = tuple(ShownItem(f"i{place}", place + 1, "personal", 0.5) for place in range(n))
    shown = {"event_type": IMPRESSION, "item_id": None, "items": items, "surface": "home"}
    return click(number, at, **{**shown, **more})


class ShopLog:
    """The stream of namespace `demo`, and a folder with settings and var/."""

    def __init__(self, folder: Path, url: str, **collect_settings: Any) -> None:
        self.folder = folder
        self.url = url
        self.chosen = {"great_expectations": False, **collect_settings}
        self.key = NamespaceKeys("demo").events
        self.var = folder / "var" / "demo"
        self.client = connect_publisher(StoreSettings(url=url))

    @property
    def settings(self) -> Settings:
        chosen = dict(self.chosen)
        kafka = chosen.pop("kafka", {})
        chosen |= {f"kafka.{key}": value for key, value in kafka.items() if key != "options"}
        chosen |= {f"kafka.options.{k}": value for k, value in kafka.get("options", {}).items()}
        lines = [f"{key} = {json.dumps(value)}" for key, value in chosen.items()]
        path = self.folder / "nightshelf.toml"
        text = "\n".join(["[store]", f'url = "{self.url}"', "[collect]", *lines])
        written = path.with_suffix(".written")
        written.write_text(text, encoding="utf-8")
        written.replace(path)  # a collector of another thread may be reading it
        return load_settings(path, {})

    def append(self, *events: Event) -> None:
        """What the web process does with accepted events."""
        self.append_raw(*(pack_event(event) for event in events))

    def append_raw(self, *records: bytes) -> None:
        pipeline = self.client.pipeline(transaction=False)
        for record in records:
            pipeline.xadd(self.key, {FIELD: record})
        pipeline.execute()

    def collect(self, **more: Any) -> Stored:
        return collect(self.settings, **more)

    def pending(self) -> int:
        return int(self.client.xpending(self.key, GROUP)["pending"])

    def events(self) -> list[dict[str, Any]]:
        """Every row of what users did, by id."""
        return rows(open_collected(self.settings).event_files())

    def impressions(self) -> list[dict[str, Any]]:
        return rows(open_collected(self.settings).impression_files())

    def stored_once(self) -> Counter[str]:
        """How often each event is there; an impression counts once for all of its rows."""
        shown = {(row["event_id"], row["user_id"]) for row in self.impressions()}
        ids = [row["event_id"] for row in self.events()]
        return Counter([*ids, *(event_id for event_id, _ in shown)])


def rows(files: list[Path]) -> list[dict[str, Any]]:
    found = [row for file in files for row in pq.read_table(file, partitioning=None).to_pylist()]
    return sorted(found, key=lambda row: (row["event_id"], row["position"] or 0))
