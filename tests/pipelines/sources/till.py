"""A source of one raw table whose columns are already canonical: what is tested is the rest."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipelines.lake import Lake
from pipelines.sources.ingest import ingest
from settings import Settings, load_settings
from tests.night_fixtures import write_csv

COLUMNS = ("event_id", "user_id", "item_id", "event_type", "event_at", "value", "session_id")

EVENTS = """/*---
description: Rows of the till.
owner: tests
grain: [event_id]
event_time: event_at
max_age: 7d
columns: {event_id: Id., user_id: User., item_id: Item., event_type: Type., event_at: Moment.,
          value: Money., session_id: Basket., source_file: File of the row.}
checks: []
---*/
select
    nullif(event_id, '') as event_id, user_id, item_id, event_type, event_at, value,
    nullif(session_id, '') as session_id, filename as source_file
from rows
"""
ITEMS = """/*---
description: No item is delivered.
owner: tests
grain: [item_id]
event_time: null
max_age: null
columns: {item_id: Item., title: Title., category: Shelf.}
checks: []
---*/
select item_id, 'Good ' || item_id as title, 'all' as category from rows where item_id = 'milk'
"""
USERS = """/*---
description: Users with a segment, and a column of their own.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., segment: Segment., city: Town.}
checks: []
---*/
select distinct user_id, 'regulars' as segment, 'York' as city from rows where user_id = 'ann'
"""


class Till:
    """Writes deliveries into a folder and ingests them."""

    def __init__(self, folder: Path, **source: Any) -> None:
        self.folder = folder
        self.source = {"kind": "files", "name": "till", "staging": "staging", **source}
        self.table: dict[str, Any] = {"glob": "in/*", "format": "csv"}
        for name, sql in (("events", EVENTS), ("items", ITEMS), ("users", USERS)):
            self.write_staging(name, sql)

    @property
    def settings(self) -> Settings:
        source = {key: json.dumps(value) for key, value in self.source.items()}
        lines = [f"{key} = {value}" for key, value in source.items()]
        options = self.table.get("options", {})
        text = "\n".join(
            [
                "[source]",
                *lines,
                "[source.tables.rows]",
                f"glob = {json.dumps(self.table['glob'])}",
                f"format = {json.dumps(self.table['format'])}",
                *(["[source.tables.rows.options]"] if options else []),
                *[f"{key} = {json.dumps(value)}" for key, value in options.items()],
            ]
        )
        path = self.folder / "nightshelf.toml"
        path.write_text(text, encoding="utf-8")
        return load_settings(path, {})

    @property
    def quarantine(self) -> Path:
        return self.folder / "var" / "demo" / "quarantine" / "till"

    def write_staging(self, name: str, sql: str) -> None:
        path = self.folder / "staging" / f"{name}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sql, encoding="utf-8")

    def deliver(self, name: str, rows: Sequence[dict[str, Any]]) -> Path:
        """A CSV file of *rows*, columns that a row leaves out empty."""
        path = self.folder / "in" / name
        return write_csv(path, [{c: row.get(c, "") for c in COLUMNS} for row in rows])

    def ingest(self) -> Lake:
        return ingest(self.settings)


def row(user: str = "ann", item: str = "milk", at: str = "2024-03-01 10:00:00", **more: Any):
    """One good row of the till, changed by *more*."""
    return {
        "user_id": user,
        "item_id": item,
        "event_type": "purchase",
        "event_at": at,
        "value": "2.50",
        "session_id": "b1",
        **more,
    }


def events_of(lake: Lake) -> list[dict[str, Any]]:
    """Every event of the lake, in the order of its files."""
    return [event for path in lake.event_files() for event in pq.read_table(path).to_pylist()]
