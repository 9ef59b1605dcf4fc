"""`distributions.json` of a run: what every feature of the night looks like."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime

import duckdb

from pipelines.drift.distribution import TableDistribution, dump_table, parse_table
from pipelines.drift.measure import Kept, measure_columns, sample
from pipelines.drift.settings import DriftSettings
from pipelines.features.build import SQL
from pipelines.features.database import feature_table, open_features
from pipelines.features.folder import load_folder, upstream
from pipelines.features.sql_file import SqlFile
from pipelines.files import hash_json, read_json, write_json
from pipelines.inputs import run_cutoffs
from pipelines.moments import NightSettings
from pipelines.quality.newest import newest_moments
from pipelines.runs import Run

FILE = "distributions.json"
Tables = Mapping[str, TableDistribution]


def measure_distributions(run: Run, before: Tables) -> dict[str, TableDistribution]:
    """Every table of the night, and of labels, by name; also written to `distributions.json`.

    SQL and headers are those that made the tables: the folder may be edited by now.
    Bins are those of the table of the same definition in *before*, where there is one.
    """
    files = load_folder(run.path(SQL))
    definitions = define(files)
    fields = sorted({file.header.event_time for file in files.values() if file.header.event_time})
    newest = newest_moments(run, fields)
    with ExitStack() as cursors, open_features(run) as connection:
        # A cursor is a connection of its own: one a table, as threads share none.
        opened = [cursors.enter_context(connection.cursor()) for _ in files]

        def measure(cursor: duckdb.DuckDBPyConnection, file: SqlFile) -> TableDistribution:
            definition = definitions[file.name]
            kept = _same_columns(before.get(file.name), definition)
            return _measure_table(cursor, run, file, definition, newest, kept)

        with ThreadPoolExecutor(run.settings.read(NightSettings).threads) as pool:
            measured = list(pool.map(measure, opened, files.values()))
    tables = dict(zip(files, measured, strict=True))
    write_distributions(run, tables)
    return tables


def write_distributions(run: Run, tables: Tables) -> None:
    record = {
        "run_id": run.id,
        "as_of": run.as_of.isoformat(),
        "sample_rows": run.settings.read(DriftSettings).sample_rows,
        "tables": {name: dump_table(table) for name, table in tables.items()},
    }
    write_json(run.path(FILE), record)


def read_distributions(run: Run) -> dict[str, TableDistribution]:
    """What `measure_distributions` wrote; empty for a run that has none."""
    path = run.path(FILE)
    if not path.exists():
        return {}
    return {name: parse_table(stored) for name, stored in read_json(path)["tables"].items()}


def define(files: Mapping[str, SqlFile]) -> dict[str, str]:
    """A hash of what makes each table's values: its query and those of all that it reads.

    *files* in dependency order. Headers stay out: another limit does not change a value.
    """
    found: dict[str, str] = {}
    for name, file in files.items():
        inputs = {table: found[table] for table in upstream(files, name)}
        found[name] = hash_json({"sql": file.sql.strip(), "inputs": inputs})
    return found


def _same_columns(before: TableDistribution | None, definition: str) -> Kept:
    """Columns whose bins are kept; a new definition begins anew."""
    return before.columns if before is not None and before.definition == definition else {}


def _measure_table(
    cursor: duckdb.DuckDBPyConnection,
    run: Run,
    file: SqlFile,
    definition: str,
    newest: Mapping[str, datetime],
    kept: Kept,
) -> TableDistribution:
    cutoffs = run_cutoffs(run)
    cutoff = cutoffs.evaluation if file.is_label else cutoffs.night
    relation = feature_table(cursor, run, file.name, cutoff)
    rows = relation.count("*").fetchall()[0][0]
    wanted = run.settings.read(DriftSettings).sample_rows
    looked_at = sample(relation, file.header.grain, rows, wanted)
    sampled, columns = measure_columns(looked_at, file.header.grain, cutoff, kept)
    return TableDistribution(
        folder=file.folder,
        definition=definition,
        cutoff=cutoff,
        rows=rows,
        sampled_rows=sampled,
        newest=newest.get(file.header.event_time or ""),
        columns=columns,
    )
