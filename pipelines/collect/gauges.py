"""`metrics/collect.prom`: how far the collector is, for `/metrics` or node_exporter to pass on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from pipelines.collect.source import Lag
from pipelines.files import replacing
from settings import ProjectSettings, Settings
from settings.project import var_directory

GAUGES = {
    "nightshelf_collect_timestamp_seconds": "When the collector last looked.",
    "nightshelf_collect_failed": "1 when that look failed, else 0.",
    "nightshelf_collect_waiting_events": "Entries of the event log that were not collected.",
    "nightshelf_collect_oldest_seconds": "Age of the oldest of them then; 0 where none waits.",
}


def write_gauges(settings: Settings, *, now: datetime, lag: Lag | None, is_failed: bool) -> None:
    """Writes the figures of the last look, at *now* (naive UTC); *lag* None is unknown."""
    values = {
        "nightshelf_collect_timestamp_seconds": now.replace(tzinfo=UTC).timestamp(),
        "nightshelf_collect_failed": float(is_failed),
    }
    if lag is not None:
        values["nightshelf_collect_waiting_events"] = lag.waiting
        values["nightshelf_collect_oldest_seconds"] = lag.oldest_s or 0.0
    namespace = settings.read(ProjectSettings).namespace
    text = "".join(f"{line}\n" for line in _lines(values, namespace))
    with replacing(var_directory(settings) / "metrics" / "collect.prom") as beside:
        beside.write_text(text, encoding="utf-8")


def _lines(values: dict[str, float], namespace: str) -> Iterator[str]:
    for name, value in values.items():
        yield f"# HELP {name} {GAUGES[name]}"
        yield f"# TYPE {name} gauge"
        yield f'{name}{{namespace="{namespace}"}} {value:.3f}'
