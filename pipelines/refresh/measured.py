"""Which feature tables of a user depend on that user alone: measured, once a run.

Every file with users in its grain is run on the events of some users only, as of the run's own
moment. What comes out as the night had it does not look at others, and may be computed for a few
users by day; what differs compares users, and keeps the night's rows. The users looked at are the
busiest and the quietest: whatever compares, a median, a mean or a rank, differs for one of them.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.candidates.fit import load_history
from pipelines.files import read_json, write_json
from pipelines.index import Index
from pipelines.inputs import run_cutoffs
from pipelines.refresh.features import FrozenTables, build_fresh, rows_of
from pipelines.refresh.news import News
from pipelines.runs import Run, list_runs
from settings.project import var_directory

SAMPLE = 24  # busiest users, and as many of the quietest
_TOLERANCE = 1e-6  # of a sum of floats whose rows came in another order

log = logging.getLogger("nightshelf")


def fresh_tables(run: Run, index: Index, frozen: FrozenTables) -> list[str]:
    """Names of the files that may be run on the events of a few users; kept in `var`'s refresh/."""
    path = var_directory(run.settings) / "refresh" / f"{run.id}.json"
    if path.exists():
        able = set(frozen.of_users)  # fewer than then, if a computed table was removed since
        return [name for name in read_json(path)["fresh"] if name in able]
    fresh = _measure(run, index, frozen)
    frozen_names = sorted(frozen.files.keys() - set(fresh))
    write_json(path, {"fresh": fresh, "frozen": frozen_names})
    runs = list_runs(run.settings)
    for other in path.parent.glob("*.json"):
        if other.stem not in runs:  # it is gone
            other.unlink(missing_ok=True)
    log.info("%s: %d tables can be refreshed, %d stay", run.id, len(fresh), len(frozen_names))
    return fresh


def _measure(run: Run, index: Index, frozen: FrozenTables) -> list[str]:
    names = frozen.of_users
    for users in _samples(run, index):
        names = _same(run, index, frozen, names, users)
    return names


def _samples(run: Run, index: Index) -> list[list[str]]:
    """The busiest users, and the quietest of those with an event at all."""
    night = run_cutoffs(run).night
    counts = np.diff(load_history(run, night).indptr)
    active = np.flatnonzero(counts)
    order = active[np.argsort(-counts[active], kind="stable")]
    return [sorted(index.user_ids[part]) for part in (order[:SAMPLE], order[-SAMPLE:])]


def _same(
    run: Run, index: Index, frozen: FrozenTables, names: list[str], users: list[str]
) -> list[str]:
    """Those of *names* that come out for *users* alone as the night had them for all.

    Anew after each one that does not: what reads it reads the night's rows from then on.
    """
    news = News(run, run.as_of)
    try:
        events = news.events_of(users, with_news=False)
    finally:
        news.close()
    rows = rows_of(index.users, users)
    before = {name: frozen.read(name, users) for name in names}
    while True:
        found = build_fresh(frozen, names, events, rows, run.as_of)
        differ = {
            name
            for name in names
            if not is_same(before[name], found[name], frozen.files[name].header.grain)
        }
        if not differ:
            return names
        # The others may differ for what they read only.
        by_themselves = {name for name in differ if not frozen.files[name].dependencies & differ}
        names = [name for name in names if name not in by_themselves]


def is_same(before: pa.Table, after: pa.Table, grain: Sequence[str]) -> bool:
    """Whether both have the same rows, one for each *grain*; floats but for rounding."""
    if before.schema != after.schema or before.num_rows != after.num_rows:
        return False
    keys = [(name, "ascending") for name in grain]
    one, two = before.sort_by(keys), after.sort_by(keys)
    return all(_is_same_column(one[n], two[n]) for n in one.column_names)


def _is_same_column(one: pa.ChunkedArray, two: pa.ChunkedArray) -> bool:
    if pa.types.is_nested(one.type) and one.null_count == two.null_count:
        if not pc.list_value_length(one).equals(pc.list_value_length(two)):
            return False
        one, two = pc.list_flatten(one), pc.list_flatten(two)
    if not pa.types.is_floating(one.type):
        return bool(one.equals(two))
    then, now = one.to_numpy(zero_copy_only=False), two.to_numpy(zero_copy_only=False)
    return bool(np.allclose(then, now, rtol=_TOLERANCE, atol=_TOLERANCE, equal_nan=True))
