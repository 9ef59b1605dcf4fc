"""`features training-set`: a spine in Parquet, joined to features as of each row's moment."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipelines.files import replacing
from pipelines.training_sets import HistoricalFeatures, historical_features
from pipelines.training_sets.chosen import MaxAge
from pipelines.training_sets.join import STATES
from settings import Settings
from settings.durations import parse_duration

HELP = "join features to a table of entities and moments, as of each row's moment"


def add_training_set(actions: Any) -> None:
    """Adds `training-set` to the actions of `features`."""
    parser = actions.add_parser("training-set", help=HELP, description=HELP)
    parser.add_argument("spine", type=Path, help="Parquet: entity columns, a moment, labels")
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
    parser.add_argument("--to", type=Path, required=True, help="Parquet file to write")
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
        pq.write_table(found.table, beside, compression="zstd")
    print(counts_table(found))
    added = sum(map(len, found.features.values()))
    print(f"{options.to}: {found.table.num_rows} rows, {added} features as of run {found.run}")


def counts_table(found: HistoricalFeatures) -> str:
    """A line a table: its cutoffs, and rows by what became of them; no newline at the end."""
    width = max(len("table"), *(len(table) for table in found.counts))
    head = [*reversed(STATES)]
    lines = [f"{'table':{width}}  cutoffs  " + "  ".join(f"{name:>11}" for name in head)]
    for table, counts in found.counts.items():
        figures = "  ".join(f"{counts[name]:11}" for name in head)
        lines.append(f"{table:{width}}  {len(found.cutoffs[table]):7}  {figures}")
    return "\n".join(lines)
