"""Baskets of a made shop as the tables that the computed ones are made from."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa

AS_OF = datetime(2024, 4, 1)
_SCHEMA = pa.schema(
    [
        ("user_id", pa.string()),
        ("item_id", pa.string()),
        ("event_type", pa.string()),
        ("event_at", pa.timestamp("us")),
        ("session_id", pa.string()),
    ]
)


def basket(
    user: str, items: Iterable[str], at: datetime, *, session: str | None = None
) -> list[dict[str, Any]]:
    """Purchases of *user* at one moment."""
    return [
        {"user_id": user, "item_id": item, "event_type": "purchase", "event_at": at,
         "session_id": session}
        for item in items
    ]  # fmt: skip


def random_baskets(seed: int, *, first: datetime, last: datetime) -> list[dict[str, Any]]:
    """Baskets of forty users who each like one half of sixty items."""
    rng = random.Random(seed)
    rows = []
    for number in range(400):
        user = rng.randrange(40)
        liked = range(30) if user % 2 else range(30, 60)
        items = {f"i{rng.choice(liked):02}" for _ in range(rng.randint(1, 6))}
        at = first + rng.random() * (last - first)
        rows += basket(f"u{user:02}", sorted(items), at, session=f"b{number}")
    return rows


def open_events(rows: list[dict[str, Any]]) -> duckdb.DuckDBPyConnection:
    """A connection with *rows* as `events`, and the weight of a purchase."""
    connection = duckdb.connect(config={"threads": "1"})
    connection.from_arrow(pa.Table.from_pylist(rows, schema=_SCHEMA)).create("events")
    weights = pa.table({"event_type": ["purchase", "view"], "weight": [1.0, 0.0]})
    connection.from_arrow(weights).create("event_weights")
    return connection


def later(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each row once more at `AS_OF` and a day after it, for other items too."""
    moments = (AS_OF, AS_OF + timedelta(days=1))
    return [
        {**row, "event_at": at, "session_id": "later", "item_id": row["item_id"] + suffix}
        for at in moments
        for suffix in ("", "-new")
        for row in rows
    ]
