"""How far the collector is, for people and for whoever exports it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines.collect.gauges import write_gauges
from pipelines.collect.landing import Stored
from pipelines.collect.source import Lag
from pipelines.collected import KINDS, open_collected
from pipelines.files import read_json, write_json
from settings import Settings
from settings.project import var_directory


def status_path(settings: Settings) -> Path:
    return var_directory(settings) / "collect" / "status.json"


def write_status(
    settings: Settings,
    *,
    now: datetime,
    source: str,
    lag: Lag | None,
    stored: Stored,
    error: str | None = None,
) -> None:
    """Notes what a look at the log stored, and what waits; *lag* None is unknown."""
    record = {
        "at": now.isoformat(timespec="seconds"),
        "source": source,
        "lag": None if lag is None else asdict(lag),
        "stored": asdict(stored),
        "error": error,
    }
    write_json(status_path(settings), record)
    write_gauges(settings, now=now, lag=lag, is_failed=error is not None)


def read_status(settings: Settings) -> dict[str, Any]:
    """The last status, and what the landing zone holds; `at` is None before the first."""
    path = status_path(settings)
    last = read_json(path) if path.exists() else {"at": None}
    collected = open_collected(settings)
    return {
        **last,
        "counts": collected.manifest.get("counts", {}),
        "files": {kind: len(collected.entries(kind)) for kind in KINDS},
        "newest_day": {
            kind: max((entry["day"] for entry in collected.entries(kind)), default=None)
            for kind in KINDS
        },
    }
