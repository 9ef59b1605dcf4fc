"""`features preview NAME`: rows, types, nulls, quantiles and seconds of one file."""

from __future__ import annotations

import argparse
from typing import Any

from pipelines.authoring.preview import Preview, preview_file
from pipelines.authoring.workbench import open_workbench
from pipelines.commands.moment import moment
from settings import Settings

TEXT = "run one file on the lake and look at its rows; keeps nothing"


def add_preview(actions: Any) -> None:
    """Adds `features preview`."""
    parser = actions.add_parser("preview", help=TEXT, description=TEXT)
    parser.add_argument("name", metavar="NAME", help="the table")
    parser.add_argument(
        "--as-of", type=moment, help="(default: the lake's; of a label: the newest labelled)"
    )
    parser.add_argument(
        "--sample", type=_share, default=1.0, metavar="SHARE", help="of the users, such as 0.05"
    )
    parser.add_argument("--plan", action="store_true", help="also what DuckDB did, step by step")
    parser.set_defaults(command=_preview)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share; expected a number like 0.05")
    return share


def _preview(settings: Settings, options: argparse.Namespace) -> None:
    found = preview_file(
        open_workbench(settings),
        options.name,
        as_of=options.as_of,
        sample=options.sample,
        with_plan=options.plan,
    )
    of = "" if options.sample == 1.0 else f", of {options.sample:.2%} of the users"
    print(f"{found.file.path}")
    print(f"as of {found.as_of:%Y-%m-%d %H:%M}{of}: {found.n_rows} rows in {found.seconds:.2f} s")
    if found.n_repeated_keys:
        grain = ", ".join(found.file.header.grain)
        print(f"error: {found.n_repeated_keys} values of the grain ({grain}) have several rows")
    _print_columns(found)
    for row in found.rows:
        print("  " + ", ".join(f"{name} = {str(value)[:60]}" for name, value in row.items()))
    if found.plan:
        print(found.plan)


def _print_columns(found: Preview) -> None:
    lines = [["column", "type", "nulls", "min … quartiles … max, or most frequent"]]
    lines += [[c.name, c.kind, f"{c.null_share:.1%}", c.spread] for c in found.columns]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    for line in lines:
        padded = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        print("  ".join(padded).rstrip())
