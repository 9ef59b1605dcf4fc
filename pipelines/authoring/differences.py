"""Two results of one file, row by row: where they first differ, as text that one can read."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest
from math import isclose, isnan
from typing import Any

import pyarrow as pa

Row = dict[str, Any]
_EMPTY: list[Row] = []


def first_difference(
    left: Iterable[pa.RecordBatch], right: Iterable[pa.RecordBatch], grain: list[str]
) -> tuple[Row | None, Row | None] | None:
    """The first row that is not on both sides: (left's, right's), None where a side has none.

    Both sides come in the order of *grain*, in batches of equal length. Doubles count as equal
    to nine digits: the order in which they were added up may differ.
    """
    for one, other in zip_longest(left, right):
        if one is not None and other is not None and one.equals(other):
            continue
        found = _compare(one.to_pylist() if one else _EMPTY, other.to_pylist() if other else _EMPTY)
        if found is not None:
            return _side_by_side(found, grain)
    return None


def show_row(row: Row | None) -> str:
    """*row* on one line."""
    if row is None:
        return "no such row"
    return ", ".join(f"{name} = {str(value)[:100]}" for name, value in row.items())


def _compare(left: list[Row], right: list[Row]) -> tuple[list[Row], list[Row]] | None:
    """What is left of both sides from the first different row on."""
    for at, (one, other) in enumerate(zip_longest(left, right)):
        same = one is not None and other is not None
        if not same or not all(_are_close(one[name], other[name]) for name in one):
            return left[at:], right[at:]
    return None


def _side_by_side(
    rest: tuple[list[Row], list[Row]], grain: list[str]
) -> tuple[Row | None, Row | None]:
    """The first rows of both sides if they are of one key, else the one that the other lacks."""
    left, right = rest
    if not left or not right:
        return left[0] if left else None, right[0] if right else None
    keys = [{_key(row, grain) for row in rows} for rows in rest]
    if _key(left[0], grain) not in keys[1]:
        return left[0], None
    if _key(right[0], grain) not in keys[0]:
        return None, right[0]
    return left[0], right[0]


def _key(row: Row, grain: list[str]) -> tuple[str, ...]:
    return tuple(repr(row[name]) for name in grain)


def _are_close(left: Any, right: Any) -> bool:
    """Whether two values of a column are equal, doubles to nine digits."""
    if isinstance(left, float) and isinstance(right, float):
        return isclose(left, right, rel_tol=1e-9, abs_tol=1e-12) or (isnan(left) and isnan(right))
    return bool(left == right)
