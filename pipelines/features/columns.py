"""The columns that a header lists and those that its query gives have to be the same."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from pipelines.features.header import header_line
from pipelines.features.problems import Problem
from pipelines.features.sql_file import SqlFile


def column_problem(file: SqlFile, found: Sequence[str], when: str = "") -> Problem | None:
    """How the columns *found* differ from those of the header of *file*; None when they do not."""
    declared = list(file.header.columns)
    found = list(found)
    if declared == found:
        return None
    line = header_line(file.path.read_text(encoding="utf-8"), "columns")
    message = f"{when}the header lists the columns {declared}, the query gives {found}"
    return Problem(file.path, line, "; ".join([message, *_advice(declared, found)]))


def _advice(declared: list[str], found: list[str]) -> Iterator[str]:
    missing = [name for name in declared if name not in found]
    unlisted = [name for name in found if name not in declared]
    for name in missing:
        close = difflib.get_close_matches(name, unlisted, n=1)
        near = f"did you mean {close[0]}?" if close else "add it there, or take it out of columns"
        yield f"not in the result: {name} ({near})"
    for name in unlisted:
        yield f"not in the header: {name} (add `{name}:` and a sentence to columns)"
    if not missing and not unlisted:
        yield "the same columns in another order; put those of the header in that of the select"
