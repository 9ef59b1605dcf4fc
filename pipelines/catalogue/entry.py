"""What the catalogue says of each table and column, put together from the folder and a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pipelines.authoring.lineage import Lineage, trace_lineage
from pipelines.catalogue.seen import SeenRun
from pipelines.drift.compare import ColumnDrift
from pipelines.drift.distribution import Distribution, TableDistribution
from pipelines.drift.distributions import define
from pipelines.features.header import Check
from pipelines.features.sql_file import SqlFile
from pipelines.surfaces import SurfacesSettings


@dataclass(frozen=True)
class Importance:
    """What one ranker makes of a column: share of its gain, and place among all columns."""

    surface: str
    share: float
    place: int


@dataclass(frozen=True)
class ColumnEntry:
    """One column."""

    name: str
    description: str
    is_key: bool
    checks: Sequence[str]
    now: Distribution | None
    before: Distribution | None  # of the last run
    drift: ColumnDrift | None
    importance: Sequence[Importance]
    is_unbuilt: bool  # its table is in the run, and has no such column

    @property
    def is_over(self) -> bool:
        return self.drift is not None and self.drift.is_over

    @property
    def gain(self) -> float:
        """Its share in the surface where that is largest."""
        return max((found.share for found in self.importance), default=0.0)


@dataclass(frozen=True)
class TableEntry:
    """One file of feature SQL."""

    file: SqlFile
    lineage: Lineage
    columns: Sequence[ColumnEntry]
    seen: TableDistribution | None
    is_changed: bool  # since the run: its SQL is not what the figures are of
    is_unbuilt: bool  # the run has figures, and none of this table: it is new
    age: timedelta | None  # of the newest event, at the night's moment

    @property
    def name(self) -> str:
        return self.file.name

    @property
    def n_over(self) -> int:
        return sum(column.is_over for column in self.columns)

    @property
    def is_late(self) -> bool:
        limit = self.file.header.max_age
        return limit is not None and self.age is not None and self.age > limit

    @property
    def importance(self) -> dict[str, float]:
        """Surface → share of the ranker's gain of all columns together."""
        sums: dict[str, float] = {}
        for column in self.columns:
            for found in column.importance:
                sums[found.surface] = sums.get(found.surface, 0.0) + found.share
        return sums


def make_entries(
    files: Mapping[str, SqlFile], surfaces: SurfacesSettings, seen: SeenRun | None
) -> list[TableEntry]:
    """An entry for each of *files*, by folder and name; without a run no figures."""
    lineage = trace_lineage(files, surfaces)
    definitions = define(files)
    importance = _importance(seen.evaluation) if seen else {}
    entries = []
    for name, file in sorted(files.items(), key=lambda pair: (pair[1].path.parent, pair[0])):
        table = seen.tables.get(name) if seen else None
        entries.append(
            TableEntry(
                file=file,
                lineage=lineage[name],
                columns=list(_columns(file, table, seen, importance)),
                seen=table,
                is_changed=table is not None and table.definition != definitions[name],
                is_unbuilt=table is None and seen is not None and bool(seen.tables),
                age=_age(seen.as_of, table) if seen and table else None,
            )
        )
    return entries


def _columns(
    file: SqlFile,
    table: TableDistribution | None,
    seen: SeenRun | None,
    importance: Mapping[str, list[Importance]],
) -> Iterator[ColumnEntry]:
    last = seen.last_tables.get(file.name) if seen else None
    for name, description in file.header.columns.items():
        yield ColumnEntry(
            name=name,
            description=description,
            is_key=name in file.header.grain,
            checks=[_in_words(check) for check in file.header.checks if name in check.columns],
            now=table.columns.get(name) if table else None,
            before=last.columns.get(name) if last else None,
            drift=seen.drifts.get((file.name, name)) if seen else None,
            importance=importance.get(f"{file.name}.{name}", []),
            is_unbuilt=table is not None
            and name not in table.columns
            and name not in file.header.grain,
        )


def _age(as_of: datetime, table: TableDistribution) -> timedelta | None:
    return as_of - table.newest if table.newest else None


def _importance(evaluation: Mapping[str, Any]) -> dict[str, list[Importance]]:
    """`table.column` → what the ranker of each surface makes of it."""
    found: dict[str, list[Importance]] = {}
    for surface, measured in evaluation.get("surfaces", {}).items():
        shares: Mapping[str, float] = measured.get("importance", {})
        ordered = sorted(shares, key=lambda column: (-shares[column], column))
        for place, column in enumerate(ordered, start=1):
            found.setdefault(column, []).append(Importance(surface, shares[column], place))
    return found


def _in_words(check: Check) -> str:
    if check.between is not None:
        low, high = check.between.min, check.between.max
        if high is None:
            return f"at least {low:g}"
        return f"at most {high:g}" if low is None else f"from {low:g} to {high:g}"
    if check.values is not None:
        return f"one of {', '.join(map(str, check.values.allowed))}"
    if check.unique is not None:
        return f"no two rows with the same {', '.join(check.unique.columns)}"
    return "never null"
