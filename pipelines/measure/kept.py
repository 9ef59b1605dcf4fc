"""The figures of days that were measured, as the report, gauges and comparisons read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipelines.measure.day import RECORD, measures_directory
from pipelines.measure.figures import ALL
from settings import Settings

Row = dict[str, Any]
Group = tuple[str, str, str]  # surface, dimension, label


@dataclass(frozen=True)
class MeasuredDay:
    """One day's folder."""

    day: date
    directory: Path

    @cached_property
    def figures(self) -> dict[Group, Row]:
        """By group, in the order of surface, dimension and label."""
        rows = self._rows("figures")
        return {(row["surface"], row["dimension"], row["label"]): row for row in rows}

    @cached_property
    def positions(self) -> list[Row]:
        return self._rows("positions")

    @cached_property
    def counts(self) -> list[Row]:
        return self._rows("counts")

    @property
    def whole(self) -> Row:
        """The figures of everything that was shown."""
        return self.figures[ALL, "all", ALL]

    @property
    def surfaces(self) -> list[str]:
        return [surface for surface, dimension, _ in self.figures if dimension == "all"]

    def busiest_surfaces(self, most: int) -> list[str]:
        """At most *most* surfaces, those where most was shown, without all together."""
        named = [surface for surface in self.surfaces if surface != ALL]
        ranked = sorted(named, key=lambda one: (-self.figures[one, "all", ALL]["n_shown"], one))
        return ranked[:most]

    def labels(self, surface: str, dimension: str, most: int | None = None) -> list[str]:
        """Labels of *dimension* on *surface*; with *most* those shown most, the first first."""
        rows = [
            (row["n_shown"], label)
            for (on, kind, label), row in self.figures.items()
            if (on, kind) == (surface, dimension)
        ]
        if most is None:
            return [label for _, label in rows]
        return [label for _, label in sorted(rows, key=lambda row: (-row[0], row[1]))[:most]]

    def _rows(self, table: str) -> list[Row]:
        rows: list[Row] = pq.read_table(
            self.directory / f"{table}.parquet", partitioning=None
        ).to_pylist()
        return rows


def measured_days(settings: Settings) -> list[MeasuredDay]:
    """Every day that was measured, oldest first."""
    records = sorted(measures_directory(settings).glob(f"day=*/{RECORD}"))
    return [
        MeasuredDay(date.fromisoformat(path.parent.name.removeprefix("day=")), path.parent)
        for path in records
    ]


def newest_closed(days: Iterable[MeasuredDay], closed: Iterable[date]) -> MeasuredDay | None:
    """The newest of *days* (oldest first) that is among *closed*."""
    wanted = set(closed)
    return next((day for day in reversed(list(days)) if day.day in wanted), None)
