"""Which feature tables a night publishes, and their values as publishing will ship them.

The values are those of the tables that the ranker reads, so training and serving cannot differ.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

from duckdb import DuckDBPyConnection
from pydantic import Field

from pipelines.features.build import features_directory
from pipelines.features.database import feature_table, open_features
from pipelines.features.folder import load_folder
from pipelines.features.sql_file import SqlFile
from pipelines.inputs import run_cutoffs
from pipelines.publish.errors import PublishError
from pipelines.publish.pack_features import pack_kind
from pipelines.runs import Run
from settings import Section, Settings
from store.features import FeatureKind, FeatureTable, dump_kinds, kind_of


class OnlineFeatureSettings(Section):
    """Which feature tables a night publishes, so that they can be looked up by id."""

    section_name: ClassVar[str] = "online_features"

    enabled: bool = True  # false: none
    # Names of tables of one entity; empty: all whose header does not say `online: false`.
    tables: list[Annotated[str, Field(min_length=1)]] = Field(default=[])


def online_tables(settings: Settings) -> dict[str, list[SqlFile]]:
    """The files whose values are published, sorted by name, by the column of their entity.

    Raises `PublishError` when `[online_features] tables` names what cannot be published, and when
    two columns stand for one kind of entity.
    """
    chosen = settings.read(OnlineFeatureSettings)
    if not chosen.enabled:
        return {}
    files = load_folder(features_directory(settings))
    for name in chosen.tables:
        _check_choice(name, files)
    found: dict[str, list[SqlFile]] = {}
    for name in sorted(set(chosen.tables) or files):
        if _why_not(files[name]) is None:
            found.setdefault(files[name].header.grain[0], []).append(files[name])
    _check_kinds(found)
    return found


def write_online_features(run: Run, directory: Path) -> Mapping[str, Any]:
    """Writes `features-<kind>.parquet` of each kind to *directory*; the manifest's `features`."""
    kinds = []
    with open_features(run) as connection:
        for grain, files in sorted(online_tables(run.settings).items()):
            kinds.append(_write_kind(connection, run, grain, files, directory))
    return dump_kinds(kinds)


def _write_kind(
    connection: DuckDBPyConnection, run: Run, grain: str, files: list[SqlFile], directory: Path
) -> FeatureKind:
    night = run_cutoffs(run).night
    tables = {
        FeatureTable(file.name, tuple(_columns(grain, file)), file.header.max_age): feature_table(
            connection, run, file.name, night
        )
        for file in files
    }
    return pack_kind(grain, tables, directory)


def _columns(grain: str, file: SqlFile) -> list[str]:
    return [column for column in file.header.columns if column != grain]


def _check_choice(name: str, files: Mapping[str, SqlFile]) -> None:
    if name not in files:
        near = difflib.get_close_matches(name, files, n=1)
        hint = f"did you mean {near[0]}?" if near else "correct the name, or take it out"
        raise PublishError(f"[online_features] tables: no table {name!r} in feature_sql; {hint}")
    if (reason := _why_not(files[name])) is not None:
        raise PublishError(f"[online_features] tables: {name} {reason}; take it out")


def _why_not(file: SqlFile) -> str | None:
    """Why *file* cannot be published; None: it can."""
    if file.is_label:
        return "is a label, which knows the future"
    if len(file.header.grain) != 1:
        return f"has a row for each {' and '.join(file.header.grain)}, not for one entity"
    if not file.header.online:
        return "says `online: false` in its header"
    if not _columns(file.header.grain[0], file):
        return "has no column but its grain"
    return None


def _check_kinds(found: Mapping[str, list[SqlFile]]) -> None:
    for name, grains in _by_kind(found).items():
        if len(grains) > 1:
            files = ", ".join(str(found[grain][0].path) for grain in grains)
            raise PublishError(
                f"{files}: the grains {' and '.join(grains)} would both be the kind {name} online; "
                "call one of them otherwise, or say `online: false`"
            )


def _by_kind(grains: Mapping[str, Any]) -> dict[str, list[str]]:
    kinds: dict[str, list[str]] = {}
    for grain in sorted(grains):
        kinds.setdefault(kind_of(grain), []).append(grain)
    return kinds
