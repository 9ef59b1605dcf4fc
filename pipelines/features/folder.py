"""The whole folder: unique names, known tables, no cycles, and an order to run in."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from pipelines.features.problems import Problem, SqlFileError
from pipelines.features.sql_file import GRAINS as GRAINS
from pipelines.features.sql_file import SqlFile, load_sql_file
from pipelines.features.tables.computed import COMPUTED_TABLES

BASE_TABLES = ("events", "items", "users", "event_weights", *COMPUTED_TABLES)


def load_folder(directory: Path) -> dict[str, SqlFile]:
    """Feature and label files of *directory* by table name, dependencies first.

    Raises `SqlFileError` with every broken rule, a line each.
    """
    files, problems = read_folder(directory)
    if problems:
        raise SqlFileError.listing(problems)
    return files


def read_folder(directory: Path) -> tuple[dict[str, SqlFile], list[Problem]]:
    """The files of *directory* that are sound by themselves, and every broken rule.

    The files come dependencies first, unless they read each other in a circle.
    """
    files: dict[str, SqlFile] = {}
    problems: list[Problem] = []
    paths = feature_paths(directory)
    for path in paths:
        try:
            _add(files, load_sql_file(path))
        except SqlFileError as error:
            problems += error.problems
    names = {path.stem for path in paths}
    problems += [p for file in files.values() for p in _wrong_reads(file, files, names)]
    if not paths:
        message = f"no SQL file in any of {', '.join(GRAINS)}"
        problems.append(Problem(directory, 1, message))
    try:
        return {name: files[name] for name in _order(files)}, problems
    except SqlFileError as error:
        return files, [*problems, *error.problems]


def feature_paths(directory: Path) -> list[Path]:
    """Feature and label files of *directory*, sound or not."""
    return sorted(path for grain in GRAINS for path in (directory / grain).glob("*.sql"))


def near_or_all(name: str, files: Mapping[str, SqlFile]) -> str:
    """What to add to a message about the unknown table *name*: near ones, else all by folder."""
    close = difflib.get_close_matches(name.rpartition("/")[2], files, n=3)
    if close:
        return f"; did you mean {' or '.join(close)}?"
    folders = (
        (folder, sorted(n for n, f in files.items() if f.folder == folder)) for folder in GRAINS
    )
    listed = [f"  {folder}/: {', '.join(names)}" for folder, names in folders if names]
    return "\n".join(["; there are", *listed])


def upstream(files: Mapping[str, SqlFile], name: str) -> list[str]:
    """Tables of the folder that *name* reads directly."""
    return sorted(files[name].dependencies & set(files))


def lineage_of(files: Mapping[str, SqlFile], names: Iterable[str]) -> dict[str, SqlFile]:
    """*names* and all that they are made of, in the order of *files*: dependencies first."""
    wanted: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting += upstream(files, name)
    return {name: file for name, file in files.items() if name in wanted}


def downstream_of(files: Mapping[str, SqlFile], names: Iterable[str]) -> dict[str, SqlFile]:
    """*names* and all that is made of them, in the order of *files*: dependencies first."""
    wanted = set(names)
    for name in files:
        if not wanted.isdisjoint(upstream(files, name)):
            wanted.add(name)
    return {name: file for name, file in files.items() if name in wanted}


def _add(files: dict[str, SqlFile], file: SqlFile) -> None:
    if file.name in BASE_TABLES:
        message = f"{file.name} is a table that every file may read; choose another name"
        raise SqlFileError.listing([Problem(file.path, 1, message)])
    if file.name in files:
        message = (
            f"{files[file.name].path} makes a table of this name already; names are unique in the "
            "whole tree"
        )
        raise SqlFileError.listing([Problem(file.path, 1, message)])
    files[file.name] = file


def _wrong_reads(file: SqlFile, files: Mapping[str, SqlFile], names: set[str]) -> Iterator[Problem]:
    """Tables that are unknown, hidden or labels; *names* are those of broken files as well."""
    known = [*BASE_TABLES, *sorted(names)]
    for name in sorted(name for name in file.own_names if name.lower() in known):
        yield Problem(
            file.path,
            file.lines[name],
            f"calls a CTE {name}, which is the name of a table; choose another, so that it is "
            "plain which of the two is read",
        )
    for name in sorted(file.dependencies - set(known)):
        own = sorted(file.own_names)  # a CTE may be meant as well
        close = difflib.get_close_matches(name.lower(), [*own, *known], n=1)
        hint = f"; did you mean {close[0]}?" if close else f"; known: {', '.join(known)}"
        yield Problem(file.path, file.lines[name], f"reads the unknown table {name}{hint}")
    for name in sorted(file.dependencies & set(files)):
        if files[name].is_label and not file.is_label:
            message = f"reads the label {name}, which knows the future"
            yield Problem(file.path, file.lines[name], message)


def _order(files: Mapping[str, SqlFile]) -> list[str]:
    sorter = TopologicalSorter({name: upstream(files, name) for name in sorted(files)})
    try:
        return list(sorter.static_order())
    except CycleError as error:
        names = list(reversed(error.args[1]))
        first = files[names[0]]
        cycle = " → ".join(str(files[name].path) for name in names)
        message = f"files read each other in a circle: {cycle}"
        raise SqlFileError.listing([Problem(first.path, first.lines[names[1]], message)]) from None
