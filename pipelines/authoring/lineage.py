"""Where the columns of a table come from, and who uses it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from pipelines.features.folder import BASE_TABLES, upstream
from pipelines.features.problems import SqlFileError
from pipelines.features.sql_file import SqlFile
from pipelines.features.tables.computed import SCHEMAS
from pipelines.sources.mapping import EVENT_COLUMNS, ITEM_COLUMNS, USER_COLUMNS
from pipelines.surfaces import SurfacesSettings

_BASE_COLUMNS: Mapping[str, list[str]] = {
    "events": list(EVENT_COLUMNS),
    "items": list(ITEM_COLUMNS),
    "users": list(USER_COLUMNS),
    "event_weights": ["event_type", "weight"],
    **{name: schema.names for name, schema in SCHEMAS.items()},
}
# Tables that code reads by their name, and what for.
_READ_BY_NAME = {
    "user_segment": [
        "lists: fallback lists by segment",
        "generator: segment_popularity",
        "evaluation: groups of users",
    ],
    "user_top_categories": ["lists: users' rows on the shelf"],
}


@dataclass(frozen=True)
class Lineage:
    """One table between what it reads and what reads it."""

    table: str
    folder: str
    reads: dict[str, list[str]]  # table → its columns
    base_columns: dict[str, list[str]]  # the same, followed down to the lake
    read_by: list[str]  # tables
    downstream: list[str]  # tables, followed up to the last
    used_by: list[str]  # rankers, generators, lists

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def trace_lineage(files: Mapping[str, SqlFile], surfaces: SurfacesSettings) -> dict[str, Lineage]:
    """The lineage of every table of *files*, which come dependencies first."""
    reads = {name: _reads(file, files) for name, file in files.items()}
    readers = {name: [n for n in files if name in upstream(files, n)] for name in files}
    traced: dict[str, Lineage] = {}
    for name, file in files.items():
        below = [reads[name], *(traced[up].base_columns for up in upstream(files, name))]
        traced[name] = Lineage(
            table=name,
            folder=file.folder,
            reads=reads[name],
            base_columns=_merge(_only_base(columns) for columns in below),
            read_by=sorted(readers[name]),
            downstream=sorted(_follow(name, readers)),
            used_by=list(_users(file, surfaces)),
        )
    return traced


def find_lineage(traced: Mapping[str, Lineage], name: str) -> Lineage:
    """The lineage of table *name*; raises `SqlFileError` naming the tables that there are."""
    if name not in traced:
        raise SqlFileError(f"{name}: no table of the folder; there are {', '.join(sorted(traced))}")
    return traced[name]


def _reads(file: SqlFile, files: Mapping[str, SqlFile]) -> dict[str, list[str]]:
    """Columns of each table that stand in the SQL of *file*."""
    found: dict[str, set[str]] = {table: set() for table in file.dependencies}
    for scope in traverse_scope(file.query):
        tables = {
            alias: source.name
            for alias, source in scope.sources.items()
            if isinstance(source, exp.Table) and source.name in found
        }
        for alias, table in tables.items():
            known = _columns_of(table, files)
            named = {column.name for column in scope.source_columns(alias)}
            bare = {column.name for column in scope.unqualified_columns}
            alone = len(scope.sources) == 1
            found[table] |= named | (bare if alone else bare & known)
    return {table: sorted(columns) for table, columns in sorted(found.items())}


def _columns_of(table: str, files: Mapping[str, SqlFile]) -> set[str]:
    return set(files[table].header.columns if table in files else _BASE_COLUMNS.get(table, ()))


def _only_base(columns: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {table: names for table, names in columns.items() if table in BASE_TABLES}


def _merge(parts: Iterator[Mapping[str, list[str]]]) -> dict[str, list[str]]:
    merged: dict[str, set[str]] = {}
    for part in parts:
        for table, names in part.items():
            merged.setdefault(table, set()).update(names)
    return {table: sorted(names) for table, names in sorted(merged.items())}


def _follow(name: str, readers: Mapping[str, list[str]]) -> set[str]:
    return {name for reader in readers[name] for name in {reader, *_follow(reader, readers)}}


def _users(file: SqlFile, surfaces: SurfacesSettings) -> Iterator[str]:
    for surface in surfaces.names:
        if not file.is_label:
            yield f"ranker: {surface}"
        elif surfaces[surface].label == file.name:
            yield f"label of the ranker: {surface}"
    yield from _READ_BY_NAME.get(file.name, [])
