"""`features preview NAME`: rows, types, nulls, quantiles and seconds of one file."""

from __future__ import annotations

import argparse
from typing import Any

from pipelines.authoring.preview import Preview, preview_file
from pipelines.authoring.workbench import open_workbench
from pipelines.commands.moment import moment
from pipelines.features.header import header_line
from pipelines.features.problems import SqlFileError, counted
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
    """Raises `SqlFileError` after the rows were shown, when they break a check of the header."""
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
    _print_columns(found)
    for row in found.rows:
        print("  " + ", ".join(f"{name} = {str(value)[:60]}" for name, value in row.items()))
    if found.plan:
        print(found.plan)
    if found.left_out:
        print(f"on a sample the bounds of {', '.join(found.left_out)} are not checked")
    for text in found.broken:
        print(text)
    if found.broken:
        line = header_line(found.file.path.read_text(encoding="utf-8"), "checks")
        n_broken = counted(len(found.broken), "check")
        raise SqlFileError(
            f"{found.file.path}:{line}: {n_broken} of the header would stop a night; correct the "
            "SQL, or the header if it is wrong"
        )


def _print_columns(found: Preview) -> None:
    lines = [["column", "type", "nulls", "min … quartiles … max, or most frequent"]]
    lines += [[c.name, c.kind, f"{c.null_share:.1%}", c.spread] for c in found.columns]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    for line in lines:
        padded = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        print("  ".join(padded).rstrip())
