"""Snapshots of a test's own, and the join in plain Python that cannot be wrong."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.features.sql_file import load_sql_file
from pipelines.moments import compact
from pipelines.training_sets.chosen import ChosenTable
from tests.pipelines.features.sql_text import write_sql

HEADER = """/*---
description: What a test needs.
owner: tests
grain: [{grain}]
event_time: {event_time}
max_age: {max_age}
columns: {{{columns}}}
checks: []
---*/
select {names} from events where event_at < {bound}
"""
Rows = dict[tuple, tuple]  # values of the grain → values of the other columns


def choose_made(
    folder: Path,
    name: str = "user/made",
    *,
    grain: Sequence[str] = ("user_id",),
    columns: Sequence[str] = ("n_made",),
    max_age: str = "null",
) -> ChosenTable:
    """A table of which there is a file, and all of its columns."""
    text = HEADER.format(
        grain=", ".join(grain),
        event_time="null" if max_age == "null" else "event_at",
        max_age=max_age,
        columns=", ".join(f"{column}: Text." for column in (*grain, *columns)),
        names=", ".join((*grain, *columns)),
        bound="$until" if name.startswith("label/") else "$as_of",
    )
    return ChosenTable(load_sql_file(write_sql(folder, name, text)), tuple(columns))


def write_snapshots(
    folder: Path, table: ChosenTable, snapshots: dict[datetime, Rows], kind: pa.DataType
) -> dict[datetime, Path]:
    """A Parquet file a cutoff; ids are text, the other columns of *kind*."""
    paths = {}
    for cutoff, rows in snapshots.items():
        keys = {
            name: pa.array([key[i] for key in rows], pa.string())
            for i, name in enumerate(table.grain)
        }
        values = {
            name: pa.array([row[i] for row in rows.values()], kind)
            for i, name in enumerate(table.columns)
        }
        paths[cutoff] = folder / f"{table.file.name}-{compact(cutoff)}-{cutoff.microsecond}.parquet"
        pq.write_table(pa.table(keys | values), paths[cutoff])
    return paths


def join_plainly(spine, snapshots, limit, *, is_label=False):
    """(what became of it, its values or None) for each (moment, key) of *spine*."""
    answers = []
    for moment, key in spine:
        before = [cutoff for cutoff in snapshots if cutoff <= moment]
        usable = [cutoff for cutoff in before if cutoff == moment] if is_label else before
        if not usable:
            answers.append(("no_snapshot", None))
            continue
        newest = max(usable)
        if limit is not None and moment - newest > limit:
            answers.append(("stale", None))
        elif key in snapshots[newest]:
            answers.append(("found", snapshots[newest][key]))
        else:
            answers.append(("missing", None))
    return answers
