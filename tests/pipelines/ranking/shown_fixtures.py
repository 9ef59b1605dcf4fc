"""A copy of the made shop's night whose lake also says what users were shown."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.runs import Run
from tests.night_fixtures import open_shop

LATER = timedelta(minutes=1)


@dataclass(frozen=True)
class Showing:
    """One page view: the items from its first place on, and those of them that were clicked."""

    user: str
    at: datetime
    items: tuple[str, ...]
    clicked: tuple[str, ...] = ()
    page_view: str | None = None
    recommendation: str = "r"
    surface: str = "home"
    received_at: datetime | None = None
    first: int = 1
    clicked_after: timedelta = LATER
    kind: str = "click"


def with_showings(run: Run, folder: Path, showings: list[Showing], **changes: Any) -> Run:
    """*run* copied to *folder*, its lake with *showings*; *changes* are of `[ranking]`."""
    directory = folder / "run"
    left_out = shutil.ignore_patterns("lists", "stages")
    shutil.copytree(run.directory, directory, ignore=left_out, dirs_exist_ok=True)
    manifest = json.loads((run.directory / "manifest.json").read_text())
    lake = manifest["lake"]
    lake["impressions"] = [_write(folder / "impressions.parquet", _impressions(showings))]
    first = pq.read_schema(run.settings.path.parent / "var/shop/lake" / lake["events"][0]["path"])
    clicks = [{**dict.fromkeys(first.names), **click} for click in _clicks(showings)]
    lake["events"].append(_write(folder / "clicks.parquet", clicks, first))
    (directory / "manifest.json").write_text(json.dumps(manifest))
    variables = {f"NIGHTSHELF__RANKING__{key.upper()}": str(v) for key, v in changes.items()}
    settings = open_shop(run.settings.path.parent, variables)
    return replace(run, directory=directory, settings=settings)


def _impressions(showings: list[Showing]) -> list[dict[str, Any]]:
    return [
        {
            "event_id": f"s{number}",
            "user_id": shown.user,
            "item_id": item,
            "event_at": shown.at,
            "received_at": shown.received_at or shown.at,
            "recommendation_id": shown.recommendation,
            "page_view_id": shown.page_view,
            "position": place,
            "surface": shown.surface,
        }
        for number, shown in enumerate(showings)
        for place, item in enumerate(shown.items, start=shown.first)
    ]


def _clicks(showings: list[Showing]) -> list[dict[str, Any]]:
    return [
        {
            "event_id": f"c{number}-{item}",
            "user_id": shown.user,
            "item_id": item,
            "event_type": shown.kind,
            "event_at": shown.at + shown.clicked_after,
            "received_at": shown.at + shown.clicked_after,
            "recommendation_id": shown.recommendation,
        }
        for number, shown in enumerate(showings)
        for item in shown.clicked
    ]


def _write(
    path: Path, rows: list[dict[str, Any]], schema: pa.Schema | None = None
) -> dict[str, Any]:
    table = pa.Table.from_pylist(rows, schema=schema)
    pq.write_table(table, path)
    return {"path": str(path), "rows": len(rows), "sha256": "0", "day": "2000-01-01"}
