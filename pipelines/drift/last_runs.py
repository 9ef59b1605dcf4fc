"""The finished runs that tonight stands beside."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from pipelines.drift.distribution import Distribution, TableDistribution
from pipelines.drift.distributions import FILE, Tables, read_distributions
from pipelines.drift.settings import DriftSettings
from pipelines.runs import FINISHED, Run, list_runs, open_run

log = logging.getLogger("nightshelf")


@dataclass(frozen=True)
class EarlierRun:
    """A finished run and what its features looked like."""

    run_id: str
    tables: Tables


def last_runs(run: Run) -> list[EarlierRun]:
    """At most `[drift] runs` finished runs before *run* with distributions, the newest first.

    None is more than `[drift] compare_within` older; of several runs of one moment the one made
    last counts, since the others show the same data.
    """
    settings = run.settings.read(DriftSettings)
    names = [name for name in reversed(list_runs(run.settings)) if name != run.name]
    found: dict[object, EarlierRun] = {}
    for name in names:
        other = open_run(run.settings, name)
        age = run.as_of - other.as_of
        near = timedelta() <= age <= settings.compare_within
        is_wanted = near and other.id != run.id and other.as_of not in found
        if is_wanted and (tables := _read(other)) is not None:
            found[other.as_of] = EarlierRun(other.id, tables)
        if len(found) == settings.runs:
            break
    return list(found.values())


def newest_tables(earlier: list[EarlierRun]) -> dict[str, TableDistribution]:
    """Each table as the newest of *earlier* runs that had it (newest first) saw it.

    Without the columns whose bins say nothing any more: in all of the runs they were outgrown, or
    had no value. Tonight's bins would have the same shares whatever the values are.
    """
    newest = {name: table for run in reversed(earlier) for name, table in run.tables.items()}
    return {name: _without_outgrown(table, earlier, name) for name, table in newest.items()}


def _without_outgrown(
    newest: TableDistribution, earlier: Sequence[EarlierRun], name: str
) -> TableDistribution:
    tables = [run.tables[name] for run in earlier if name in run.tables]
    same = [table for table in tables if table.definition == newest.definition]
    seen: dict[str, list[Distribution]] = {
        column: [table.columns[column] for table in same if column in table.columns]
        for column in newest.columns
    }
    kept = {
        column: newest.columns[column]
        for column, found in seen.items()
        if not all(one.is_outgrown or not one.values for one in found)
    }
    return replace(newest, columns=kept)


def _read(run: Run) -> Tables | None:
    """None when *run* is not finished or has none; damaged or of other code: a line in the log."""
    if not run.is_done(FINISHED) or not run.path(FILE).exists():
        return None
    try:
        return read_distributions(run)
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("drift: %s cannot be read, not compared with it: %r", run.path(FILE), error)
        return None
