"""`features training-set`: a file of entities and moments, joined to features as of each row."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from pipelines.files import replacing
from pipelines.training_sets import HistoricalFeatures, historical_features
from pipelines.training_sets.chosen import MaxAge
from pipelines.training_sets.join import STATES
from pipelines.training_sets.spine import SpineError
from settings import Settings
from settings.durations import parse_duration

HELP = "join features to a table of entities and moments, as of each row's moment"


def add_training_set(actions: Any) -> None:
    """Adds `training-set` to the actions of `features`."""
    parser = actions.add_parser("training-set", help=HELP, description=HELP)
    parser.add_argument("spine", type=Path, help="Parquet or CSV: entity columns, a moment, labels")
    parser.add_argument(
        "--features", type=_names, default=[], help="TABLE.COLUMN or TABLE, with commas between"
    )
    parser.add_argument(
        "--labels", type=_names, default=[], help="the same of label/, where a row's moment is T"
    )
    parser.add_argument("--moment", default="moment", help="its column (default: moment)")
    parser.add_argument(
        "--max-age", type=_max_age, default="header", help="header (default), any, or like 28d"
    )
    parser.add_argument("--run", help="whose snapshots (default: the newest finished run's)")
    parser.add_argument("--to", type=_target, required=True, help="file to write: .parquet or .csv")
    parser.set_defaults(command=_training_set)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _max_age(text: str) -> MaxAge:
    if text == "header":
        return "header"
    try:
        return "any" if text == "any" else parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}; or say header or any") from None


def _target(text: str) -> Path:
    """The ending says what is written, so there must be one that we can write."""
    path = Path(text)
    if path.suffix not in (".parquet", ".csv"):
        raise argparse.ArgumentTypeError(
            f"{text!r} ends in {path.suffix or 'nothing'}; expected .parquet or .csv"
        )
    return path


def _training_set(settings: Settings, options: argparse.Namespace) -> None:
    found = historical_features(
        options.spine,
        options.features,
        labels=options.labels,
        moment=options.moment,
        max_age=options.max_age,
        run=options.run,
        settings=settings,
    )
    with replacing(options.to) as beside:
        _write(found.table, beside, as_csv=options.to.suffix == ".csv")
    print(counts_table(found))
    added = sum(map(len, found.features.values()))
    print(f"{options.to}: {found.table.num_rows} rows, {added} features as of run {found.run}")


def _write(table: pa.Table, path: Path, *, as_csv: bool) -> None:
    if not as_csv:
        pq.write_table(table, path, compression="zstd")
        return
    lists = [field.name for field in table.schema if pa.types.is_nested(field.type)]
    if lists:
        raise SpineError(
            f"CSV has no lists, and {', '.join(lists)} are such columns: write to a .parquet file, "
            "or leave them out of --features"
        )
    csv.write_csv(table, path)


def counts_table(found: HistoricalFeatures) -> str:
    """A line a table: its cutoffs, and rows by what became of them; no newline at the end."""
    width = max(len("table"), *(len(table) for table in found.counts))
    head = [*reversed(STATES)]
    lines = [f"{'table':{width}}  cutoffs  " + "  ".join(f"{name:>11}" for name in head)]
    for table, counts in found.counts.items():
        figures = "  ".join(f"{counts[name]:11}" for name in head)
        lines.append(f"{table:{width}}  {len(found.cutoffs[table]):7}  {figures}")
    return "\n".join(lines)
