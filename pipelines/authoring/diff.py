"""`features diff`: what an edited folder makes of the data, beside what it made before."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines.authoring.changes import WITH_ROWS, Change
from pipelines.authoring.diff_base import Base, DiffError
from pipelines.authoring.diff_tables import RowsDiff, compare_rows
from pipelines.authoring.scratch import Built, build_scratch
from pipelines.authoring.workbench import Workbench
from pipelines.drift.compare import limit_of
from pipelines.drift.settings import DriftSettings
from pipelines.features.sql_file import SqlFile


@dataclass(frozen=True)
class TableDiff:
    """One table that changed: how, and what that does to its rows; None for words alone."""

    change: Change
    cutoff: datetime
    rows: RowsDiff | None = None
    seconds: tuple[float | None, float | None] = (None, None)  # then and now

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def diff_tables(
    bench: Workbench,
    base: Base,
    changes: Sequence[Change],
    scratch: Path,
    *,
    as_of: datetime | None = None,
) -> list[TableDiff]:
    """Each of *changes*, built from both folders as of *as_of* and compared, in their order.

    Labels are of the newest cutoff that has them, unless a moment is given.

    Raises `SqlFileError` when a file fails or takes too long, `DiffError` for a moment that the
    labels of its window are not over at.
    """
    found: dict[str, TableDiff] = {}
    for is_label in (False, True):
        group = [change for change in changes if change.is_label == is_label]
        if group:
            cutoff = as_of or (bench.newest_labelled if is_label else bench.as_of)
            _check_window(bench, group, cutoff, is_label=is_label)
            found |= _diff_group(bench, base, group, scratch, cutoff)
    return [found[change.name] for change in changes]


def _check_window(
    bench: Workbench, group: Sequence[Change], cutoff: datetime, *, is_label: bool
) -> None:
    until = bench.context(cutoff).until if is_label else cutoff
    if until > bench.as_of:
        names = ", ".join(change.name for change in group)
        raise DiffError(
            f"{names}: {until:%Y-%m-%d %H:%M} is after the moment of the data, "
            f"{bench.as_of:%Y-%m-%d %H:%M}; name an earlier --as-of"
        )


def _diff_group(
    bench: Workbench, base: Base, group: Sequence[Change], scratch: Path, cutoff: datetime
) -> dict[str, TableDiff]:
    names = [change.name for change in group if change.kind in WITH_ROWS]
    before = replace(bench, files=base.files)
    then = _build(before, names, cutoff, scratch / "before")
    now = _build(bench, names, cutoff, scratch / "now")
    settings = bench.settings.read(DriftSettings)
    return {
        change.name: TableDiff(change, cutoff)
        if change.kind == "header"
        else _compare(change, cutoff, (base.files, bench.files), (then, now), settings)
        for change in group
    }


def _build(
    bench: Workbench, names: Collection[str], cutoff: datetime, directory: Path
) -> dict[str, Built]:
    """Those of *names* that the folder has, all built anew, so that their seconds compare."""
    mine = [name for name in names if name in bench.files]
    return build_scratch(bench, mine, cutoff, directory, anew=mine) if mine else {}


def _compare(
    change: Change,
    cutoff: datetime,
    files: tuple[Mapping[str, SqlFile], Mapping[str, SqlFile]],
    built: tuple[Mapping[str, Built], Mapping[str, Built]],
    settings: DriftSettings,
) -> TableDiff:
    name = change.name
    then, now = (found.get(name) for found in built)
    grains = [side[name].header.grain if name in side else [] for side in files]
    file = files[1].get(name) or files[0][name]
    rows = compare_rows(
        then.path if then else None,
        now.path if now else None,
        (grains[0], grains[1]),
        cutoff,
        limit_of(file.header.drift, settings),
    )
    seconds = (then.seconds if then else None, now.seconds if now else None)
    return TableDiff(change, cutoff, rows, seconds)
