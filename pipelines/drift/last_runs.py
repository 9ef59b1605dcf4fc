"""The finished runs that tonight stands beside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from pipelines.drift.distribution import TableDistribution
from pipelines.drift.distributions import FILE, Tables, read_distributions
from pipelines.drift.settings import DriftSettings
from pipelines.runs import FINISHED, Run, list_runs, open_run


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
        if near and other.id != run.id and other.as_of not in found and _has_them(other):
            found[other.as_of] = EarlierRun(other.id, read_distributions(other))
        if len(found) == settings.runs:
            break
    return list(found.values())


def newest_tables(earlier: list[EarlierRun]) -> dict[str, TableDistribution]:
    """Each table as the newest of *earlier* runs that had it (newest first) saw it."""
    return {name: table for run in reversed(earlier) for name, table in run.tables.items()}


def _has_them(run: Run) -> bool:
    return run.is_done(FINISHED) and run.path(FILE).exists()
