"""`features test [FILE…]`: given rows lead to expected rows, and nothing looks ahead."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipelines.authoring.choose import choose_paths
from pipelines.authoring.lake_leaks import find_lake_leaks
from pipelines.authoring.trial import failures_of
from pipelines.authoring.workbench import Workbench, open_workbench
from pipelines.commands.moment import moment
from pipelines.features.build import features_directory
from pipelines.features.folder import load_folder
from pipelines.features.problems import SqlFileError, counted
from pipelines.features.sql_file import SqlFile, load_sql_file
from pipelines.lake import LakeError
from settings import Settings

TEXT = "run the cases of SQL files, and look for what looks ahead, also on the lake"


def add_test(actions: Any) -> None:
    """Adds `features test`."""
    parser = actions.add_parser("test", help=TEXT, description=TEXT)
    parser.add_argument("files", nargs="*", metavar="FILE", help="or table (default: all)")
    parser.add_argument(
        "--as-of", type=moment, help="of the leak test on the lake (default: the newest labelled)"
    )
    parser.add_argument("--no-lake", action="store_true", help="the cases alone")
    parser.set_defaults(command=_test)


def _test(settings: Settings, options: argparse.Namespace) -> None:
    """Raises `SqlFileError` after all failures were printed."""
    directory = features_directory(settings)
    files = load_folder(directory)
    chosen = [_loaded(path, files) for path in choose_paths(directory, options.files)]
    failures = []
    for failure in _failures(settings, chosen, files, options):
        print(failure)
        failures.append(failure)
    if failures:
        n_files = counted(len(chosen), "file")
        raise SqlFileError(f"{counted(len(failures), 'failure')} in {n_files}")
    print(f"{counted(len(chosen), 'file')} {'passes' if len(chosen) == 1 else 'pass'}")


def _failures(
    settings: Settings,
    chosen: list[SqlFile],
    files: Mapping[str, SqlFile],
    options: argparse.Namespace,
) -> Iterator[str]:
    for file in chosen:
        yield from failures_of(file, files, settings)
    names = [file.name for file in chosen if files.get(file.name) == file]
    bench = None if options.no_lake else _bench(settings)
    if names and bench is not None:
        cutoff = options.as_of or bench.newest_labelled
        yield from map(str, find_lake_leaks(bench, names, cutoff))
        print(
            f"leak test on the lake as of {cutoff:%Y-%m-%d %H:%M}: {counted(len(names), 'table')}"
        )


def _bench(settings: Settings) -> Workbench | None:
    try:
        return open_workbench(settings)
    except LakeError:
        print("no lake yet, so the leak test saw the cases alone")
        return None


def _loaded(path: Path, files: Mapping[str, SqlFile]) -> SqlFile:
    file = files.get(path.stem)
    return file if file is not None and file.path == path else load_sql_file(path)
