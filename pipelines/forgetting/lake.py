"""The lake and the landing zone without the rows of forgotten users.

Files there are named by their content and never changed: each is written anew beside itself, then
every manifest that names it names the new one, then the old one is deleted. Killed in between, the
same files are written again under the same names.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.files import hash_file, hash_json, locked, read_json, write_json
from pipelines.forgetting.parquet import USER_COLUMN, find_users
from pipelines.forgetting.record import Record
from pipelines.forgetting.tombstones import Forgotten
from pipelines.lake import lake_directory, write_by_content
from settings import Settings
from settings.project import var_directory

RAW = "raw"
MANIFEST = "manifest.json"
Moved = Mapping[str, dict[str, Any] | None]
"""Path in the lake → the entry that takes its place in manifests; None: no row is left."""


def find_lake_users(settings: Settings, forgotten: Forgotten) -> set[str]:
    """Ids of the forgotten users of whom lake or landing zone have rows."""
    found: set[str] = set()
    for path in _files(lake_directory(settings)):
        with suppress(FileNotFoundError):  # it left the manifest long ago, and was deleted
            found |= find_users(path, forgotten)
    return found


def rewrite_lake(
    settings: Settings, forgotten: Forgotten, record: Record, *, busy: Collection[Path] = ()
) -> int:
    """Rewrites lake and landing zone, and names the new files in all manifests, those of runs too.

    Raw copies are deleted: only the staging SQL knows who a row of them is of, and no night reads
    them again. What runs under way, whose folders are *busy*, have begun to read stays: how many
    files that is. Waits until nobody ingests or collects.
    """
    directory = lake_directory(settings)
    if not directory.exists():
        return 0
    with ExitStack() as stack:
        for path in lock_files(settings):
            stack.enter_context(locked(path))
        _remove_raw(directory, record)
        moved: dict[Path, dict[str, Any] | None] = {}
        for path in sorted(_files(directory)):
            found = find_users(path, forgotten)
            if found:
                moved[path] = _rewrite(path, found, record)
        for manifest in _manifests(settings):
            if manifest.parent not in busy:
                _name_new(manifest, directory, moved, forgotten)
        read = {directory / name for run in busy for name in _paths(read_json(run / MANIFEST))}
        for path in moved.keys() - read:
            path.unlink()
    return len(moved.keys() & read)


def lock_files(settings: Settings) -> list[Path]:
    """Who holds these is the only one to write to lake and landing zone."""
    locks = var_directory(settings) / "locks"
    return [locks / "ingest", locks / "collect.turn"]


def applied(forgotten: Forgotten) -> str:
    """What stands in the lake's manifest for the tombstones that its rows were held against."""
    return hash_json(sorted(forgotten.digests)) if forgotten else ""


def remove_raw(directory: Path) -> None:
    """Deletes the raw copies of every source below the lake *directory*."""
    shutil.rmtree(directory / RAW, ignore_errors=True)


def _remove_raw(directory: Path, record: Record) -> None:
    for path in sorted((directory / RAW).rglob("*.parquet")):
        record.note(path, "deleted: raw copies come back with the next delivery")
    remove_raw(directory)
    shutil.rmtree(directory / "scratch", ignore_errors=True)
    for suffix in ("draft", "part"):  # of a killed writer: nobody else is here
        for path in directory.rglob(f".*.{suffix}"):
            path.unlink(missing_ok=True)


def _files(directory: Path) -> Iterator[Path]:
    """Whole files, but for raw copies."""
    for path in directory.rglob("*.parquet"):
        if not path.name.startswith(".") and directory / RAW not in path.parents:
            yield path


def _rewrite(path: Path, users: set[str], record: Record) -> dict[str, Any] | None:
    """Writes *path* without *users*; the new file's name, rows and hash, None without a row."""
    table = pq.read_table(path, partitioning=None)
    column = table[USER_COLUMN]
    theirs = pc.is_in(column, value_set=pa.array(sorted(users)).cast(column.type))
    kept = table.filter(pc.invert(theirs))
    facts = {"left_out": table.num_rows - kept.num_rows, "sha256_before": hash_file(path)}
    if not kept.num_rows and path.parent.name.startswith("day="):
        record.note(path, "deleted: no row is left", **facts)
        return None
    new = write_by_content(kept, path.parent, path.stem.rpartition("-")[0])
    entry = {"path": new.name, "rows": kept.num_rows, "sha256": hash_file(new)}
    record.note(path, "rewritten", **facts, sha256_after=entry["sha256"], now=new.name)
    return entry


def _manifests(settings: Settings) -> Iterator[Path]:
    directory = lake_directory(settings)
    # Also where there is none yet: a first batch may be about to write it, of rows that it read
    # before this pass, and has to see that something changed.
    yield directory / "collected" / MANIFEST
    if (directory / MANIFEST).exists():
        yield directory / MANIFEST
    yield from sorted((var_directory(settings) / "runs").glob(f"*/{MANIFEST}"))


def _name_new(
    manifest: Path,
    directory: Path,
    moved: Mapping[Path, dict[str, Any] | None],
    forgotten: Forgotten,
) -> None:
    """Names the new files in *manifest*, whose paths are relative to its folder or the lake's."""
    folder = manifest.parent if manifest.is_relative_to(directory) else directory
    names = {
        path.relative_to(folder).as_posix(): entry and _beside(path, folder, entry)
        for path, entry in moved.items()
        if path.is_relative_to(folder)
    }
    before = read_json(manifest) if manifest.exists() else {}
    after = _renamed(before, names)
    if manifest.is_relative_to(directory):  # of the lake or the landing zone, not of a run
        after["forgotten"] = applied(forgotten)
    if after != before:
        write_json(manifest, after)


def _beside(path: Path, folder: Path, entry: Mapping[str, Any]) -> dict[str, Any]:
    """*entry*, whose file is beside *path*, with its path below *folder*."""
    return {**entry, "path": path.with_name(entry["path"]).relative_to(folder).as_posix()}


def _renamed(value: Any, names: Moved) -> Any:
    """*value* with the entries of *names* in the place of those they replace."""
    if isinstance(value, list):
        return [_renamed(part, names) for part in value if not _is_gone(part, names)]
    if isinstance(value, dict):
        made = {key: _renamed(part, names) for key, part in value.items()}
        return made | (names.get(str(made.get("path"))) or {})
    return value


def _paths(value: Any) -> Iterator[str]:
    """Every `path` in a manifest."""
    if isinstance(value, list):
        for part in value:
            yield from _paths(part)
    elif isinstance(value, dict):
        if isinstance(value.get("path"), str):
            yield value["path"]
        for part in value.values():
            yield from _paths(part)


def _is_gone(part: Any, names: Moved) -> bool:
    path = str(part.get("path")) if isinstance(part, dict) else ""
    return path in names and names[path] is None
