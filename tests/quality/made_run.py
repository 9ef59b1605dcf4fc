"""A small healthy run, made by the night's own functions, for tests to damage."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.sparse import csr_matrix

from pipelines.begin import begin_run
from pipelines.candidates.arrays import save_arrays
from pipelines.features.build import build_features
from pipelines.files import read_json
from pipelines.index import build_index
from pipelines.lake import commit_manifest, lake_directory, write_day_files, write_table
from pipelines.moments import compact
from pipelines.quality.validation import QualityError
from pipelines.runs import Run
from settings import Settings, load_settings

Row = dict[str, Any]
AS_OF = datetime(2018, 1, 1)
FIRST_DAY = datetime(2017, 12, 1)
N_USERS, N_ITEMS, LENGTH = 6, 12, 5

SETTINGS = """
[night]
horizon = "7d"
training_cutoffs = 1
min_history = "7d"
threads = 1

[surfaces.home]
repeats = true

[surfaces.discover]
repeats = false

[gate]
min_events = 1
min_users = 1
min_items = 1

[quality]
min_list_items = 5
min_fill_rate = 0.9
min_compared_rows = 1
"""
EVENT_SCHEMA = pa.schema(
    {
        "event_id": pa.string(),
        "user_id": pa.string(),
        "item_id": pa.string(),
        "event_type": pa.string(),
        "event_at": pa.timestamp("us"),
        "value": pa.decimal128(18, 4),
        "quantity": pa.decimal128(18, 4),
        "received_at": pa.timestamp("us"),
    }
)
HEADER = """/*---
description: What a user did before as_of.
owner: tests
grain: [user_id]
event_time: event_at
max_age: {max_age}
columns:
  user_id: The user.
  n_events: Events of the user.
  kind: Always the same word.
checks:
  - between: {{column: n_events, min: 1, max: 100}}
  - not_null: {{column: n_events}}
  - values: {{column: kind, allowed: [shopper]}}
---*/
select user_id, count(*) as n_events, 'shopper' as kind
from events
where event_at < $as_of
group by user_id
"""


def made_events() -> list[Row]:
    """One purchase at noon of every day of December 2017, users and items in turn."""
    moments = [FIRST_DAY + timedelta(days=day, hours=12) for day in range(31)]
    return [
        {
            "event_id": f"e{day}",
            "user_id": f"u{day % N_USERS}",
            "item_id": f"i{day % 6:02d}",
            "event_type": "purchase",
            "event_at": moment,
            "value": Decimal("1.50"),
            "quantity": Decimal("1"),
            "received_at": moment,
        }
        for day, moment in enumerate(moments)
    ]


def made_items() -> list[Row]:
    return [
        {
            "item_id": f"i{n:02d}",
            "title": f"Title {n}",
            "price": Decimal("2.00"),
            "available": True,
        }
        for n in range(N_ITEMS)
    ]


def made_users() -> list[Row]:
    return [{"user_id": f"u{n}"} for n in range(N_USERS)]


@dataclass
class MadeInputs:
    """What a run is made of; tests change it before `begin`."""

    directory: Path
    events: list[Row] = field(default_factory=made_events)
    items: list[Row] = field(default_factory=made_items)
    users: list[Row] = field(default_factory=made_users)
    counts: Row = field(
        default_factory=lambda: {"delivered": 31, "quarantined": 0, "duplicates": 0}
    )
    settings_text: str = SETTINGS
    max_age: str = "26h"

    def begin(self, as_of: datetime = AS_OF) -> Run:
        """A run whose lake holds these tables."""
        settings = self._write_settings()
        directory = lake_directory(settings)
        self.events.sort(key=lambda row: (row["event_at"], row["event_id"] or ""))
        events = pa.Table.from_pylist(self.events, schema=EVENT_SCHEMA)
        manifest = {
            "events": write_day_files(events.to_batches(), directory, "made"),
            "items": write_table(pa.Table.from_pylist(self.items), directory, "items"),
            "users": write_table(pa.Table.from_pylist(self.users), directory, "users"),
            "tables": {},
            "counts": self.counts,
        }
        return begin_run(settings, commit_manifest(directory, manifest), as_of)

    def _write_settings(self) -> Settings:
        sql = self.directory / "feature_sql" / "user" / "user_history.sql"
        sql.parent.mkdir(parents=True, exist_ok=True)
        sql.write_text(HEADER.format(max_age=self.max_age), encoding="utf-8")
        file = self.directory / "nightshelf.toml"
        file.write_text(self.settings_text, encoding="utf-8")
        return load_settings(file, environ={})


def begin_with_features(inputs: MadeInputs, as_of: datetime = AS_OF) -> Run:
    run = inputs.begin(as_of)
    build_index(run)
    build_features(run)
    return run


def begin_with_lists(inputs: MadeInputs) -> Run:
    """A run with lists: `home` shows items 0 to 4 to everyone, `discover` 6 to 10.

    Users had items 0 to 5 in turn.
    """
    run = inputs.begin()
    build_index(run)
    had = np.arange(N_USERS, dtype=np.int32)
    pairs = csr_matrix((np.ones(N_USERS, dtype=np.float32), (had, had)), shape=(N_USERS, N_ITEMS))
    save_arrays(run.path("models", compact(run.as_of), "history.npz"), {"pairs": pairs})
    write_lists(run, "home", made_list(first=0))
    write_lists(run, "discover", made_list(first=6))
    return run


def made_list(first: int) -> dict[str, np.ndarray]:
    """Columns of a surface on which every user has LENGTH items, from number *first* on."""
    n = N_USERS * LENGTH
    place = np.tile(np.arange(LENGTH), N_USERS)
    return {
        "user": np.repeat(np.arange(N_USERS), LENGTH).astype(np.int32),
        "rank": (place + 1).astype(np.int16),
        "item": (place + first).astype(np.int32),
        "score": (1.0 - place / 10).astype(np.float32),
        "reason": np.zeros(n, dtype=np.uint8),
        "source": np.zeros(n, dtype=np.uint8),
        "reason_item": np.full(n, -1, dtype=np.int32),
    }


def write_lists(run: Run, surface: str, columns: dict[str, np.ndarray]) -> None:
    path = run.path("lists", f"listed-{surface}.parquet")
    path.parent.mkdir(exist_ok=True)
    pq.write_table(pa.table(columns), path)


def found_failures(run: Run, gate: str) -> list[tuple[str, str, float]]:
    """(expectation, about, found) of each failure in the gate's JSON."""
    failures: Iterable[Row] = read_json(run.path("quality", f"{gate}.json"))["failures"]
    return [(f["expectation"], f["about"], round(f["found"], 3)) for f in failures]


def stopped_by(check: Callable[[Run], Any], run: Run) -> str:
    """The message with which *check* stops *run*."""
    with pytest.raises(QualityError) as stopped:
        check(run)
    return str(stopped.value)
