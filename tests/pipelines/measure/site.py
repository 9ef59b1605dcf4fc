"""A small shop of a test's own: what was shown and done, written as the collector does."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.collected import (
    EVENT_SCHEMA,
    IMPRESSION_SCHEMA,
    Collected,
    collected_directory,
    commit_collected,
    open_collected,
    write_collected,
)
from pipelines.lake import commit_manifest, lake_directory, write_day_files, write_table
from pipelines.measure.everything import measure_everything
from settings import Settings, load_settings

MONDAY = datetime(2026, 3, 2)
SECOND, MINUTE, HOUR, DAY = (
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
)
_FROM_LIST = {"version": "v1", "surface": "home", "variant": "default"}


class Site:
    """Rows of impressions and actions; `land` writes them into a landing zone of *folder*."""

    def __init__(self, folder: Path, more: str = "") -> None:
        file = folder / "nightshelf.toml"
        file.write_text(f'[project]\nnamespace = "shop"\n{more}', encoding="utf-8")
        self.settings: Settings = load_settings(file, {})
        self.impressions: list[dict[str, Any]] = []
        self.actions: list[dict[str, Any]] = []

    def show(self, user: str, items: str, at: datetime, **others: Any) -> str:
        """A list of *items* (one a letter) on a page view of its own; its recommendation id."""
        number = len(self.impressions)
        common = {
            "event_id": f"s{number:06}",
            "user_id": user,
            "event_at": at,
            "received_at": at + SECOND,
            "recommendation_id": f"rec{number:06}",
            "page_view_id": f"page{number:06}",
            "tier": "personal",
            "propensity": 1.0,
            **_FROM_LIST,
            **others,
        }
        self.impressions += [
            {**common, "item_id": item, "position": place}
            for place, item in enumerate(items, start=1)
        ]
        return str(common["recommendation_id"])

    def act(self, user: str, item: str, at: datetime, kind: str = "click", **others: Any) -> None:
        """An action; with `recommendation_id` it names its list, with `value` it is worth it."""
        value = others.pop("value", None)
        self.actions.append(
            {
                "event_id": f"a{len(self.actions):06}",
                "user_id": user,
                "item_id": item,
                "event_type": kind,
                "event_at": at,
                "received_at": at + SECOND,
                "value": None if value is None else Decimal(value),
                **others,
            }
        )

    def land(self, files: int = 1) -> Collected:
        """Everything so far in the landing zone, dealt to *files* files a day."""
        directory = collected_directory(self.settings)
        manifest: dict[str, Any] = {"impressions": [], "events": []}
        for kind, rows, schema in (
            ("impressions", self.impressions, IMPRESSION_SCHEMA),
            ("events", self.actions, EVENT_SCHEMA),
        ):
            for part in range(files):
                if table := rows[part::files]:
                    written = pa.Table.from_pylist(table, schema)
                    manifest[kind] += write_collected(directory, kind, written)
        commit_collected(directory, manifest)
        return open_collected(self.settings)

    def stock(self, items: dict[str, Any], events: list[dict[str, Any]] | None = None) -> None:
        """A lake of *items* (id → what differs from an old one that is there) and *events*."""
        directory = lake_directory(self.settings)
        old = {"title": "x", "available": True, "created_at": MONDAY - 90 * DAY}
        rows = [{"item_id": item, **old, **others} for item, others in sorted(items.items())]
        types = {"created_at": pa.timestamp("us"), "available": pa.bool_()}
        schema = pa.schema([(name, types.get(name, pa.string())) for name in rows[0]])
        table = pa.Table.from_pylist(rows, schema)
        users = pa.table({"user_id": pa.array([], pa.string())})
        sold = pa.Table.from_pylist(events or [], EVENT_SCHEMA).sort_by("event_at")
        commit_manifest(
            directory,
            {
                "items": write_table(table, directory, "items"),
                "users": write_table(users, directory, "users"),
                "tables": {},
                "events": write_day_files(sold.to_batches(), directory, "shop"),
            },
        )


def measured_site(folder: Path) -> Site:
    """Two days on two surfaces, measured, the first of them over: gauges and report are there."""
    site = Site(folder)
    for at in (MONDAY + 9 * HOUR, MONDAY + 33 * HOUR):
        for user in "uvwx":
            of_list = site.show(user, "abcd", at)
            site.show(user, "bcde", at + HOUR, surface="discover", tier="trending", variant="b")
            site.act(user, "a" if user < "w" else "b", at + MINUTE, recommendation_id=of_list)
        site.act("u", "a", at + HOUR, "purchase", value="2.50")
    site.stock({"a": {}, "b": {"created_at": MONDAY}, "c": {}, "x": {}})
    site.land()
    measure_everything(site.settings)
    return site
