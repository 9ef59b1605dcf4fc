"""The window that a table's name ends in, and files whose query has another one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from sqlglot import exp

from pipelines.features.parse import line_of
from pipelines.features.problems import Problem
from pipelines.features.sql_file import SqlFile

WINDOW = re.compile(r"_(\d+)([hdw])$")
UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_WORDS = {"HOUR": "h", "DAY": "d", "WEEK": "w"}


def other_windows(file: SqlFile) -> Iterator[Problem]:
    """A note where no window before `$as_of` is the one that the name says.

    A file may well have several: a trend compares the window with the one before it.
    """
    match = WINDOW.search(file.name)
    spans = list(_spans(file.query))
    if match is None or not spans:
        return
    try:
        named = int(match[1]) * UNITS[match[2]]
    except OverflowError:
        return
    if named not in [span for _, span in spans]:
        node = spans[0][0]
        message = (
            f"the name says {match[0][1:]}, and the query {node.sql(dialect='duckdb').lower()}; "
            "let both say the same window"
        )
        yield Problem(file.path, line_of(node), message, is_note=True)


def _spans(query: exp.Query) -> Iterator[tuple[exp.Expression, timedelta]]:
    """Intervals that are taken off a moment of the runner, and how long they are."""
    for node in query.find_all(exp.Interval):
        moment = node.parent.this if isinstance(node.parent, exp.Sub) else None
        if isinstance(moment, (exp.Parameter, exp.Placeholder)):
            unit = _WORDS.get(str(node.args.get("unit")).upper().removesuffix("S"))
            length = str(node.name)
            if unit is not None and length.isdecimal() and len(length) < 6:
                yield node, int(length) * UNITS[unit]
