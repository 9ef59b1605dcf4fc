"""Two states of one table beside each other: rows by key, values by column, distributions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from duckdb import ColumnExpression, FunctionExpression, SQLExpression

from pipelines.drift.compare import column_chance
from pipelines.drift.distribution import Distribution
from pipelines.drift.measure import measure_columns
from pipelines.drift.psi import stability_index

_EXAMPLES = 3  # rows that are shown of the first changed column
# Doubles equal to nine digits: sums in another order are no change.
_DOUBLES = (
    "old_{n} is distinct from new_{n} and coalesce(abs(old_{n} - new_{n}) > "
    "1e-9 * greatest(abs(old_{n}), abs(new_{n})), true)"
)
_OTHERS = "old_{n} is distinct from new_{n}"
_NUMERIC = ("int", "decimal", "float", "double")  # what the names of such types have in them


@dataclass(frozen=True, kw_only=True)
class ColumnDiff:
    """One column then and now; None on the side that has no such column."""

    name: str
    share_changed: float | None = None  # of the rows on both sides
    psi: float | None = None  # of now against then
    max_psi: float = 0.0  # the limit of a night, or what chance alone reaches where that is more
    null_share: tuple[float | None, float | None] = (None, None)
    mean: tuple[float | None, float | None] = (None, None)
    kind: tuple[str | None, str | None] = (None, None)  # types of DuckDB

    @property
    def is_over(self) -> bool:
        """Whether a night would warn of such a change of the data."""
        return self.psi is not None and self.psi > self.max_psi


@dataclass(frozen=True, kw_only=True)
class RowsDiff:
    """The rows of one table then and now."""

    rows: tuple[int, int]
    gained: int | None = None  # keys that were not there; None where the grain is another
    lost: int | None = None
    columns: Sequence[ColumnDiff] = ()
    examples: Sequence[str] = ()


def compare_rows(
    before: Path | None,
    now: Path | None,
    grain: tuple[Sequence[str], Sequence[str]],
    cutoff: datetime,
    max_psi: float,
) -> RowsDiff:
    """The rows at *before* against those at *now*, each with its *grain*; None: no such table.

    *max_psi* is the limit of the table's columns.
    """
    with duckdb.connect() as connection:
        sides = [connection.read_parquet(str(path)) if path else None for path in (before, now)]
        measured = [
            ({}, 0) if side is None else _measure(side, keys, cutoff, {})
            for side, keys in zip(sides, grain, strict=True)
        ]
        then, today = sides
        if then is None or today is None:
            columns = list(_columns(sides, measured, grain, {}, max_psi))
            return RowsDiff(rows=(measured[0][1], measured[1][1]), columns=columns)
        # The bins of then are those of now, or their shares could not be compared.
        measured[1] = _measure(today, grain[1], cutoff, measured[0][0])
        rows = (measured[0][1], measured[1][1])
        if list(grain[0]) != list(grain[1]):
            columns = list(_columns(sides, measured, grain, {}, max_psi))
            return RowsDiff(rows=rows, columns=columns)
        return _match(then, today, list(grain[0]), rows, measured, max_psi)


def _measure(
    side: duckdb.DuckDBPyRelation,
    grain: Sequence[str],
    cutoff: datetime,
    kept: Mapping[str, Distribution],
) -> tuple[dict[str, Distribution], int]:
    rows, found = measure_columns(side, grain, cutoff, kept)
    return found, rows


def _match(
    then: duckdb.DuckDBPyRelation,
    today: duckdb.DuckDBPyRelation,
    grain: list[str],
    rows: tuple[int, int],
    measured: Sequence[tuple[Mapping[str, Distribution], int]],
    max_psi: float,
) -> RowsDiff:
    common = [name for name in today.columns if name in then.columns and name not in grain]
    kinds = [dict(zip(side.columns, side.types, strict=True)) for side in (then, today)]
    old = _renamed(then, "old", grain, common, kinds)
    new = _renamed(today, "new", grain, common, kinds)
    keys = ", ".join(f"key_{n}" for n in range(len(grain)))
    both = old.join(new, keys)
    differs = [_differs(n, kinds[0][name], kinds[1][name]) for n, name in enumerate(common)]
    counted = [FunctionExpression("count_if", condition) for condition in differs]
    matched, *changed = both.aggregate([FunctionExpression("count_star"), *counted]).fetchall()[0]
    shares = {
        name: n / matched if matched else 0.0 for name, n in zip(common, changed, strict=True)
    }
    first = next((n for n, name in enumerate(common) if shares[name]), None)
    examples = [] if first is None else _examples(both, grain, common, first, differs[first], keys)
    return RowsDiff(
        rows=rows,
        gained=rows[1] - matched,
        lost=rows[0] - matched,
        columns=list(_columns([then, today], measured, (grain, grain), shares, max_psi)),
        examples=examples,
    )


def _renamed(
    side: duckdb.DuckDBPyRelation,
    prefix: str,
    grain: list[str],
    common: list[str],
    kinds: Sequence[Mapping[str, Any]],
) -> duckdb.DuckDBPyRelation:
    """The keys as `key_<n>` and the common columns as `<prefix>_<n>`, texts where types differ."""
    keys = [ColumnExpression(name).alias(f"key_{n}") for n, name in enumerate(grain)]
    values = []
    for n, name in enumerate(common):
        column = ColumnExpression(name)
        if not _are_comparable(kinds[0][name], kinds[1][name]):
            column = column.cast("VARCHAR")
        values.append(column.alias(f"{prefix}_{n}"))
    return side.select(*keys, *values)


def _are_comparable(one: Any, other: Any) -> bool:
    return str(one) == str(other) or (_is_number(one) and _is_number(other))


def _is_number(kind: Any) -> bool:
    return any(word in kind.id for word in _NUMERIC)


def _differs(n: int, one: Any, other: Any) -> duckdb.Expression:
    """Whether the *n*-th common column is another; it has a name of ours, and not the file's."""
    is_double = {one.id, other.id} & {"float", "double"} and _are_comparable(one, other)
    return SQLExpression((_DOUBLES if is_double else _OTHERS).format(n=n))


def _examples(
    both: duckdb.DuckDBPyRelation,
    grain: list[str],
    common: list[str],
    n: int,
    differs: duckdb.Expression,
    keys: str,
) -> list[str]:
    rows = both.filter(differs).order(keys).limit(_EXAMPLES)
    found = rows.to_arrow_table().to_pylist()
    return [
        ", ".join(f"{name} = {row[f'key_{k}']}" for k, name in enumerate(grain))
        + f": {common[n]} {_text(row[f'old_{n}'])} → {_text(row[f'new_{n}'])}"
        for row in found
    ]


def _text(value: Any) -> str:
    return "null" if value is None else str(value)[:60]


def _columns(
    sides: Sequence[duckdb.DuckDBPyRelation | None],
    measured: Sequence[tuple[Mapping[str, Distribution], int]],
    grain: tuple[Sequence[str], Sequence[str]],
    shares: Mapping[str, float],
    max_psi: float,
) -> Iterator[ColumnDiff]:
    kinds = [
        {} if side is None else dict(zip(side.columns, map(str, side.types), strict=True))
        for side in sides
    ]
    names = list(dict.fromkeys([*kinds[1], *kinds[0]]))
    for name in [name for name in names if name not in {*grain[0], *grain[1]}]:
        then, now = (found.get(name) for found, _ in measured)
        yield ColumnDiff(
            name=name,
            share_changed=shares.get(name),
            psi=_psi(then, now),
            max_psi=max(max_psi, column_chance(then, now) if then and now else 0.0),
            null_share=(then.null_share if then else None, now.null_share if now else None),
            mean=(_mean(then), _mean(now)),
            kind=(kinds[0].get(name), kinds[1].get(name)),
        )


def _psi(then: Distribution | None, now: Distribution | None) -> float | None:
    if then is None or now is None or then.divisions != now.divisions:
        return None
    return stability_index(now.shares, then.shares) if then.shares and now.shares else None


def _mean(distribution: Distribution | None) -> float | None:
    return distribution.stats.get("mean") if distribution else None
