"""`features diff [NAME…]`: what edited files do to tables, and with `--lists` to lists."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.authoring.changes import WITH_ROWS, Change, find_changes
from pipelines.authoring.diff import TableDiff, diff_tables
from pipelines.authoring.diff_base import Base, DiffError, open_base
from pipelines.authoring.diff_text import table_lines
from pipelines.authoring.workbench import Workbench, open_workbench, run_workbench
from pipelines.commands.moment import moment
from pipelines.runs import list_runs, open_run
from pipelines.training_sets.kept import choose_run
from settings import Settings
from settings.project import var_directory

TEXT = "compare tables, and with --lists what readers would see, with the last commit or a run"


def add_diff(actions: Any) -> None:
    """Adds `features diff`."""
    parser = actions.add_parser("diff", help=TEXT, description=TEXT)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these tables and theirs")
    parser.add_argument(
        "--against", metavar="REV|RUN", help="a commit or a run (default: the last commit)"
    )
    parser.add_argument("--as-of", type=moment, help="(default: the newest run's)")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--lists", action="store_true", help="train on both, and compare lists")
    parser.add_argument(
        "--users", type=_count, default=500, metavar="N", help="of --lists (default: 500)"
    )
    parser.set_defaults(command=_diff)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 3:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of users; expected 3 or more")
    return int(text)


def _diff(settings: Settings, options: argparse.Namespace) -> None:
    if options.lists and options.names:
        raise DiffError("--lists compares the whole folder, as a night would; leave out the names")
    with tempfile.TemporaryDirectory(dir=_place(settings), prefix="diff-") as name:
        scratch = Path(name)
        base = open_base(settings, options.against, scratch)
        bench = _bench(settings)
        changes = find_changes(base.files, bench.files, options.names)
        if options.lists and any(change.kind in WITH_ROWS for change in changes):
            _diff_lists(bench, options, base, changes, scratch)
        else:
            _diff_tables(bench, options, base, changes, scratch)


def _diff_tables(
    bench: Workbench,
    options: argparse.Namespace,
    base: Base,
    changes: list[Change],
    scratch: Path,
) -> None:
    found = diff_tables(bench, base, changes, scratch, as_of=options.as_of)
    if options.json:
        tables = [table.as_json() for table in found]
        print(json.dumps({"against": base.name, "tables": tables}, indent=1, default=str))
        return
    _print_tables(base, found)


def _print_tables(base: Base, found: Sequence[TableDiff]) -> None:
    print(
        f"against {base.name}: {len(found) or 'no'} table{'' if len(found) == 1 else 's'} changed"
    )
    for table in found:
        print("\n".join(table_lines(table)))


def _diff_lists(
    bench: Workbench,
    options: argparse.Namespace,
    base: Base,
    changes: list[Change],
    scratch: Path,
) -> None:
    # The libraries of the models take seconds to load; tables alone do not need them.
    from pipelines.authoring.diff_lists import diff_lists
    from pipelines.authoring.diff_lists_text import lists_lines
    from pipelines.authoring.diff_lists_verdict import conclusions
    from pipelines.authoring.diff_page import write_diff_page

    settings = bench.settings
    tables = diff_tables(bench, base, changes, scratch / "tables", as_of=options.as_of)
    found = diff_lists(choose_run(settings, None), base, changes, options.users, scratch)
    if options.json:
        record = {
            "against": base.name,
            "tables": [table.as_json() for table in tables],
            **found.as_json(),
            "conclusions": list(conclusions(found)),
        }
        print(json.dumps(record, indent=1, default=str))
        return
    _print_tables(base, tables)
    print("\n".join(lists_lines(found)))
    print(f"page {write_diff_page(settings, base.name, tables, found)}")


def _bench(settings: Settings) -> Workbench:
    """The data of the newest run, whose tables need not be built again; else the lake as it is."""
    runs = list_runs(settings)
    return run_workbench(open_run(settings, runs[-1])) if runs else open_workbench(settings)


def _place(settings: Settings) -> Path:
    """Below var, where snapshots can be linked to without copying them."""
    place = var_directory(settings)
    place.mkdir(parents=True, exist_ok=True)
    return place
