"""A diff of tables as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipelines.authoring.diff import TableDiff
from pipelines.authoring.diff_tables import ColumnDiff, RowsDiff
from pipelines.evaluation.wording import MISSING, count, decimals, percent

_HEAD = ["column", "changed", "PSI", "nulls", "mean"]


def table_lines(diff: TableDiff) -> Iterator[str]:
    """What happened to one table: its header, rows, seconds and columns."""
    change = diff.change
    yield f"{change.folder}/{change.name}: {change.kind}"
    yield from (f"  header  {line}" for line in change.header)
    if diff.rows is None:
        yield "  rows    the same: only words of the header changed"
        return
    yield f"  rows    {rows_text(diff.rows)}"
    yield f"  cost    {cost_text(diff)}"
    yield from (f"  {line}" for line in align(column_rows(diff.rows)))
    yield from (f"  {example}" for example in diff.rows.examples)


def align(rows: Sequence[Sequence[str]]) -> list[str]:
    """*rows* of cells in columns, two spaces apart."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    padded = (zip(row, widths, strict=True) for row in rows)
    return ["  ".join(cell.ljust(width) for cell, width in row).rstrip() for row in padded]


def column_rows(rows: RowsDiff) -> list[list[str]]:
    """The columns as a table of texts, the first row a heading."""
    return [_HEAD, *map(_column, rows.columns)]


def cost_text(diff: TableDiff) -> str:
    """Seconds of building, then and now."""
    return _pair([_seconds(value) for value in diff.seconds])


def rows_text(rows: RowsDiff) -> str:
    """How many there are, and how many on one side only."""
    then, now = rows.rows
    if rows.gained is None:
        return f"{count(then)} → {count(now)}"
    return (
        f"{count(then)} → {count(now)}, {count(rows.gained)} gained, {count(rows.lost or 0)} lost"
    )


def _column(column: ColumnDiff) -> list[str]:
    return [
        _name(column),
        percent(column.share_changed),
        psi_text(column),
        _pair([percent(share) for share in column.null_share]),
        _pair([MISSING if mean is None else f"{mean:.4g}" for mean in column.mean]),
    ]


def psi_text(column: ColumnDiff) -> str:
    """The index, and its limit where it is over that."""
    over = f", over {column.max_psi:.3g}" if column.is_over else ""
    return f"{decimals(column.psi, 3)}{over}"


def _name(column: ColumnDiff) -> str:
    then, now = column.kind
    if then is None or now is None:
        return f"{column.name} ({'new' if then is None else 'gone'})"
    return column.name if then == now else f"{column.name} ({then} → {now})"


def _seconds(value: float | None) -> str:
    return MISSING if value is None else f"{value:.2f} s"


def _pair(texts: Sequence[str]) -> str:
    then, now = texts
    return MISSING if then == now == MISSING else f"{then} → {now}"
