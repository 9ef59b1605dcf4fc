"""The whole folder: unique names, known tables, no cycles, and an order to run in."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from pipelines.features.header import SqlFileError
from pipelines.features.sql_file import SqlFile, load_sql_file

GRAINS = ("user", "item", "user_item", "label")
BASE_TABLES = ("events", "items", "users", "event_weights")


def load_folder(directory: Path) -> dict[str, SqlFile]:
    """Feature and label files of *directory* by table name, dependencies first.

    Raises `SqlFileError` with every broken rule, a line each.
    """
    files: dict[str, SqlFile] = {}
    problems = []
    for path in sorted(p for grain in GRAINS for p in (directory / grain).glob("*.sql")):
        try:
            _add(files, load_sql_file(path))
        except SqlFileError as error:
            problems.append(str(error))
    problems += [problem for file in files.values() for problem in _unknown_tables(file, files)]
    if problems:
        raise SqlFileError("\n".join(problems))
    if not files:
        raise SqlFileError(f"{directory}: no SQL file in any of {', '.join(GRAINS)}")
    return {name: files[name] for name in _order(files)}


def upstream(files: Mapping[str, SqlFile], name: str) -> list[str]:
    """Tables of the folder that *name* reads directly."""
    return sorted(files[name].dependencies & set(files))


def _add(files: dict[str, SqlFile], file: SqlFile) -> None:
    if file.name in BASE_TABLES:
        raise SqlFileError(f"{file.path}: {file.name} is a table of the lake; choose another name")
    if file.name in files:
        raise SqlFileError(
            f"{file.path}: {files[file.name].path} makes a table of this name already; "
            "names are unique in the whole tree"
        )
    files[file.name] = file


def _unknown_tables(file: SqlFile, files: Mapping[str, SqlFile]) -> list[str]:
    known = [*BASE_TABLES, *files]
    problems = [
        f"{file.path}: calls a CTE {name}, which is the name of a table; choose another, so that "
        "it is plain which of the two is read"
        for name in sorted(file.own_names & set(known))
    ]
    for name in sorted(file.dependencies - set(known)):
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {close[0]}?" if close else f"; known: {', '.join(known)}"
        problems.append(f"{file.path}: reads the unknown table {name}{hint}")
    for name in sorted(file.dependencies & set(files)):
        if files[name].is_label and not file.is_label:
            problems.append(f"{file.path}: reads the label {name}, which knows the future")
    return problems


def _order(files: Mapping[str, SqlFile]) -> list[str]:
    sorter = TopologicalSorter({name: upstream(files, name) for name in sorted(files)})
    try:
        return list(sorter.static_order())
    except CycleError as error:
        cycle = " → ".join(str(files[name].path) for name in reversed(error.args[1]))
        raise SqlFileError(f"files read each other in a circle: {cycle}") from None
