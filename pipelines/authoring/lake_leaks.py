"""The leak test on the lake: by `features test`, and by the night once for each snapshot."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from duckdb import ColumnExpression, ConstantExpression

from pipelines.authoring.leaks import (
    Leak,
    add_later_dimensions,
    can_leak,
    cut_dimensions,
    find_leak,
)
from pipelines.authoring.sample import is_sampled
from pipelines.authoring.workbench import (
    Expose,
    Workbench,
    create_table,
    open_tables,
    run_workbench,
)
from pipelines.features.base_tables import expose_dimensions, seen_events
from pipelines.features.problems import SqlFileError
from pipelines.features.settings import FeatureSettings
from pipelines.features.tables.kept import show_computed_tables
from pipelines.files import locked, read_json, write_json
from pipelines.inputs import run_cutoffs
from pipelines.moments import NightSettings
from pipelines.runs import Run

TESTED = "leak_tests.json"  # snapshots that were found to be without a leak


def refuse_leaks(run: Run) -> Mapping[str, Any]:
    """Tests every file at the run's oldest cutoff, unless its snapshot there was tested before.

    The oldest cutoff has the most that a file could see ahead, and the least to compute.

    Raises `SqlFileError` with a row of each file that looks ahead.
    """
    bench = run_workbench(run)
    cutoff = min(run_cutoffs(run).labelled)
    directory = bench.context(cutoff).directory
    snapshots = bench.snapshots(cutoff)
    entries = {name: path.relative_to(directory).as_posix() for name, path in snapshots.items()}
    tested = _read_tested(directory)
    names = [n for n, entry in entries.items() if can_leak(bench.files[n]) and entry not in tested]
    found = list(find_lake_leaks(bench, names, cutoff))
    if found:
        raise SqlFileError("\n".join(map(str, found)))
    _remember(directory, {entries[name] for name in names})
    return {"leak_tested": len(names)}


def find_lake_leaks(
    bench: Workbench, names: Collection[str], cutoff: datetime
) -> Iterator[Leak | SqlFileError]:
    """Leaks as of *cutoff* of the files *names*, and of those they read that no night has built.

    Seen are all events of a sample of users, about `[features] leak_test_events` together.
    A file that fails or takes too long is an error among the leaks, and its readers are left out.
    """
    samples: dict[datetime, pa.Table] = {}
    for is_label in (False, True):
        group = [name for name in names if bench.files[name].is_label == is_label]
        if not group:
            continue
        received = bench.received_before(cutoff, bench.files[group[0]])
        if received not in samples:
            samples[received] = _sampled_events(bench, received)
        yield from _find_leaks(bench, group, cutoff, samples[received])


def _find_leaks(
    bench: Workbench, names: Collection[str], cutoff: datetime, events: pa.Table
) -> Iterator[Leak | SqlFileError]:
    context = bench.context(cutoff)
    limits = bench.settings.read(FeatureSettings)
    needed = bench.needed(names)
    built = {name: path for name, path in bench.snapshots(cutoff).items() if name in needed}
    end = context.until if bench.files[needed[-1]].is_label else cutoff
    with ExitStack() as stack:
        whole, cut = (
            stack.enter_context(open_tables(bench, _expose(bench, events, end, built, is_cut=cut)))
            for cut in (False, True)
        )
        for connection in (whole, cut):
            show_computed_tables(
                connection,
                bench.read_tables(needed),
                context,
                known_before=context.received_before(bench.files[needed[-1]]),
            )
        failed: set[str] = set()
        for name in needed:
            file = bench.files[name]
            if not failed.isdisjoint(file.dependencies):
                failed.add(name)
                continue
            try:
                if name not in built:
                    create_table(whole, file, context, limits.timeout_s)
                    # Both sides read the same tables of the folder: each is blamed for itself.
                    cut.from_arrow(whole.table(name).to_arrow_table()).create(name)
                if can_leak(file) and (name in names or name not in built):
                    leak = find_leak(whole, cut, file, context, limits)
                    if leak is not None:
                        yield leak
            except SqlFileError as error:
                failed.add(name)
                yield error


def _sampled_events(bench: Workbench, received_before: datetime) -> pa.Table:
    threads = str(bench.settings.read(NightSettings).threads)
    with duckdb.connect(config={"threads": threads}) as connection:
        events = seen_events(
            connection, bench.lake, event_before=bench.as_of, received_before=received_before
        )
        return events.filter(is_sampled(_share(bench))).to_arrow_table()


def _share(bench: Workbench) -> float:
    """Of the users whose events are looked at."""
    wanted = bench.settings.read(FeatureSettings).leak_test_events
    return wanted / sum(entry["rows"] for entry in bench.lake.manifest["events"])


def _expose(
    bench: Workbench,
    events: pa.Table,
    before: datetime,
    built: Mapping[str, Path],
    *,
    is_cut: bool,
) -> Expose:
    """Makes the tables of a sandbox; those of the lake are cut at *before*, or have more after."""

    def expose(connection: duckdb.DuckDBPyConnection) -> None:
        relation = connection.from_arrow(events)
        if is_cut:
            relation = relation.filter(ColumnExpression("event_at") < ConstantExpression(before))
        relation.create("events")
        expose_dimensions(connection, bench.lake, bench.weights)
        (cut_dimensions if is_cut else add_later_dimensions)(connection, before)
        for name, path in built.items():
            table = connection.read_parquet(str(path))
            if "user_id" in table.columns:
                table = table.filter(is_sampled(_share(bench)))
            table.create_view(name)

    return expose


def _read_tested(directory: Path) -> set[str]:
    path = directory / TESTED
    return set(read_json(path)) if path.exists() else set()


def _remember(directory: Path, entries: set[str]) -> None:
    """Adds *entries* and forgets those whose snapshots are gone."""
    if not entries:
        return
    with locked(directory / f".{TESTED}.lock"):
        kept = {name for name in _read_tested(directory) if (directory / name).exists()}
        write_json(directory / TESTED, sorted(kept | entries))
