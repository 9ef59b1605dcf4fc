"""Tries files on their cases: what came out against what was expected, and what looks ahead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from pipelines.authoring.case_file import Case, case_path, read_cases
from pipelines.authoring.cases import (
    are_same,
    are_same_rows,
    expected_rows,
    plain_rows,
    query_case,
    run_case,
)
from pipelines.authoring.futures import other_futures
from pipelines.authoring.header_verdict import ON_CASES, broken_checks
from pipelines.authoring.leaks import advice_on
from pipelines.features.problems import SqlFileError
from pipelines.features.settings import FeatureSettings
from pipelines.features.sql_file import GRAINS, SqlFile
from settings import Settings

_SHOWN = 20  # differing values of one case


def failures_of(file: SqlFile, files: Mapping[str, SqlFile], settings: Settings) -> Iterator[str]:
    """What is wrong with *file* or its cases, a text each; nothing when all is well."""
    limits = settings.read(FeatureSettings)
    path = case_path(settings.resolve(limits.cases), file)
    try:
        cases = read_cases(path, file)
    except SqlFileError as error:
        yield from str(error).splitlines()
        return
    for case in cases:
        try:
            yield from _try_case(case, files, limits)
        except SqlFileError as error:
            yield from map(str, error.problems or [error])


def difference_table(
    expected: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]], grain: Sequence[str]
) -> str:
    """A line for each value that is not as expected, beside the key of its row."""
    lines = [[*grain, "column", "expected", "found"]]
    lines += list(_differences(_by_key(expected, grain), _by_key(found, grain)))
    if len(lines) == 1:
        lines.append([*("" for _ in grain), "(order)", _keys(expected, grain), _keys(found, grain)])
    more = len(lines) - 1 - _SHOWN
    shown = _align(lines[: _SHOWN + 1])
    return "\n".join([*shown, *([f"  … and {more} more"] if more > 0 else [])])


def _align(lines: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = [[cell.ljust(w) for cell, w in zip(line, widths, strict=True)] for line in lines]
    return ["  " + "  ".join(line).rstrip() for line in padded]


def _try_case(case: Case, files: Mapping[str, SqlFile], limits: FeatureSettings) -> Iterator[str]:
    computed = query_case(case, files, limits)
    for line in _broken_checks(computed, case.file):
        message = f"{line}; correct the case, or the header of {case.file.path}"
        yield str(case.problem(message, "expect"))
    found, expected = plain_rows(computed), expected_rows(case)
    grain = case.file.header.grain
    if not are_same_rows(expected, found):
        table = difference_table(expected, found, grain)
        yield f"{case.problem('other rows than expected', 'expect')}\n{table}"
        return
    for other in other_futures(case):
        found = run_case(other.case, files, limits)
        if not are_same_rows(expected, found):
            table = difference_table(expected, found, grain)
            yield (
                f"{case.file.path}:1: looks ahead: in case {case.name!r} other {other.table} from "
                f"{case.limit} on change the rows{advice_on(other.table)}\n{table}"
            )
            return


def _broken_checks(computed: pa.Table, file: SqlFile) -> list[str]:
    """What the gate of a night would say; it does not look at staging files."""
    if file.folder not in GRAINS:
        return []
    with duckdb.connect() as connection:
        return broken_checks(connection.from_arrow(computed), file, but=ON_CASES)


def _differences(
    expected: Mapping[tuple[str, ...], Mapping[str, Any]],
    found: Mapping[tuple[str, ...], Mapping[str, Any]],
) -> Iterator[list[str]]:
    for key in sorted({*expected, *found}):
        if key not in found:
            yield [*key[:-1], "(row)", "a row", "none"]
        elif key not in expected:
            yield [*key[:-1], "(row)", "none", _text(found[key])]
        else:
            for column, value in expected[key].items():
                if not are_same(value, found[key].get(column)):
                    yield [*key[:-1], column, _text(value), _text(found[key].get(column))]


def _by_key(
    rows: Sequence[Mapping[str, Any]], grain: Sequence[str]
) -> dict[tuple[str, ...], Mapping[str, Any]]:
    """Rows by their grain, and which of several with one grain they are."""
    keyed: dict[tuple[str, ...], Mapping[str, Any]] = {}
    for row in rows:
        key = tuple(_text(row.get(name)) for name in grain)
        number = sum(known[:-1] == key for known in keyed)
        keyed[(*key, str(number))] = row
    return keyed


def _keys(rows: Sequence[Mapping[str, Any]], grain: Sequence[str]) -> str:
    return "; ".join(" ".join(_text(row.get(name)) for name in grain) for row in rows)


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_text(one)}" for name, one in value.items())
    return "null" if value is None else str(value)
