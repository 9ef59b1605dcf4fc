"""How new the data is: the newest moment of the events that a run sees."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import duckdb
from duckdb import ColumnExpression, FunctionExpression

from pipelines.quality.seen_events import only_seen, open_scratch, read_day_files
from pipelines.quality.validation import QualityError
from pipelines.runs import Run


def newest_moments(run: Run, columns: Sequence[str]) -> dict[str, datetime]:
    """The newest value of each of *columns* among the events that the run sees.

    Raises `QualityError` when one of them is no column of events.
    """
    if not columns:
        return {}
    with open_scratch(run) as connection:
        seen = only_seen(read_day_files(connection, run), run)
        newest = [FunctionExpression("max", ColumnExpression(column)) for column in columns]
        try:
            values = seen.aggregate(newest).fetchall()[0]
        except duckdb.BinderException as error:
            raise QualityError(
                f"the headers of feature_sql name event_time {list(columns)}, but one of them is "
                f"not a column of events: {error}"
            ) from error
    return {c: moment for c, moment in zip(columns, values, strict=True) if moment is not None}
