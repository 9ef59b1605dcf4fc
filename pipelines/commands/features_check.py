"""`features check [FILE…]`: every rule that needs no data."""

from __future__ import annotations

import argparse
import json
from typing import Any

from pipelines.authoring.check import check_files
from pipelines.authoring.choose import choose_paths
from pipelines.features.build import features_directory
from pipelines.features.problems import Problem, SqlFileError, counted
from settings import Settings

TEXT = "check SQL files: header, statement, windows, columns; needs no data"


def add_check(actions: Any) -> None:
    """Adds `features check`."""
    parser = actions.add_parser("check", help=TEXT, description=TEXT)
    parser.add_argument("files", nargs="*", metavar="FILE", help="or table (default: all)")
    parser.add_argument("--json", action="store_true", help="one JSON list, for editors")
    parser.set_defaults(command=_check)


def _check(settings: Settings, options: argparse.Namespace) -> None:
    """Raises `SqlFileError` after all problems were printed, when one of them is no note."""
    problems = check_files(settings, options.files)
    if options.json:
        print(json.dumps([_as_json(problem) for problem in problems], ensure_ascii=False))
    else:
        for problem in problems:
            print(problem)
    broken = {problem.path for problem in problems if not problem.is_note}
    if broken:
        n_errors = sum(not problem.is_note for problem in problems)
        raise SqlFileError(
            f"{counted(n_errors, 'problem')} in {counted(len(broken), 'file')}; mend what is named "
            "and check again"
        )
    if not options.json:
        n_files = len(choose_paths(features_directory(settings), options.files))
        print(f"{counted(n_files, 'file')} {'is' if n_files == 1 else 'are'} sound")


def _as_json(problem: Problem) -> dict[str, Any]:
    return {
        "file": str(problem.path),
        "line": problem.line,
        "severity": "note" if problem.is_note else "error",
        "message": problem.message,
    }
