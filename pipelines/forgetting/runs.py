"""A finished run and its models without forgotten users: ids, lists and hashes still go together.

Users keep their numbers. In `index/users.parquet` a forgotten one has the id `(forgotten n)` and no
other value; files by number have no row of it, files by id neither, fitted generators nothing where
it was. Everything of the others stays byte for byte what it was.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.files import hash_file, hash_files, read_json, write_json
from pipelines.forgetting.arrays import blank_users
from pipelines.forgetting.database import copy_without, find_users_in
from pipelines.forgetting.parquet import (
    USER_COLUMN,
    find_users,
    user_columns,
    write_without,
    write_without_numbers,
)
from pipelines.forgetting.record import Record, now
from pipelines.forgetting.swap import Swap
from pipelines.forgetting.texts import GONE, is_shown, write_json_without
from pipelines.forgetting.tombstones import Forgotten
from pipelines.retention import YOUNG_S
from pipelines.runs import FINISHED, REMOVED_SUFFIX

NUMBER_COLUMN = "user"  # of the files of a run that name users by number
_INDEX = "users.parquet"
_MANIFESTS = ("manifest.json", "lists/manifest.json")  # written last, by what is in the others


def is_finished(run: Path) -> bool:
    """Whether the run in the folder *run* is read-only."""
    return (run / "stages" / f"{FINISHED}.json").exists()


def is_idle(run: Path) -> bool:
    """Whether nothing was done for a day to a run that is not finished."""
    newest = max((path.stat().st_mtime for path in run.rglob("*")), default=0.0)
    return newest < time.time() - YOUNG_S


def remove_run(run: Path, record: Record) -> None:
    """Deletes a run that nobody goes on with: a night makes it again from its inputs."""
    record.note(run, "deleted: not finished, and idle for a day")
    gone = run.with_name(run.name + REMOVED_SUFFIX)
    shutil.rmtree(gone, ignore_errors=True)
    run.rename(gone)
    shutil.rmtree(gone)


def find_run_users(run: Path, forgotten: Forgotten) -> set[str]:
    """Ids of the forgotten users of whom a file of the run has something."""
    found: set[str] = set()
    for path in sorted(run.rglob("*.parquet")):
        found |= find_users(path, forgotten)
    database = run / "features.duckdb"
    return found | (find_users_in(database, forgotten) if database.exists() else set())


def has_rows_of(folder: Path, users: Collection[str]) -> bool:
    """Whether a table of a run or model has rows of one of *users*."""
    wanted = pa.array(sorted(users), pa.string())
    for path in folder.rglob("*.parquet"):
        schema = pq.read_schema(path)
        for name in user_columns(path, schema):
            column = pq.read_table(path, columns=[name])[name].cast(pa.string())
            if pc.any(pc.is_in(column, value_set=wanted)).as_py():
                return True
    return False


def stage_run(run: Path, users: Collection[str], swap: Swap, record: Record) -> list[str]:
    """Stages everything of the run that holds *users*; pages to be written again afterwards."""
    for path in list(run.rglob(".*.part")):  # of killed writers: nobody writes to a finished run
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    numbers = _numbers(run, users)
    for path in sorted(p for p in run.rglob("*") if p.is_file() and not p.is_symlink()):
        relative = path.relative_to(run).as_posix()
        if relative not in _MANIFESTS and not relative.startswith("locks/"):
            _stage(path, run, users, numbers, swap, record)
    pages = [p for p in run.rglob("*.html") if is_shown(p.read_text(encoding="utf-8"), users)]
    return sorted(page.relative_to(run).as_posix() for page in pages)


def stage_manifests(run: Path, swap: Swap, n_users: int) -> None:
    """Stages the manifests of *run* with the hashes that the staged files will have.

    A hash that did not hold before stays as it is: damage is not made good by forgetting.
    """
    manifest = read_json(run / "manifest.json")
    outputs: dict[str, Any] = manifest["outputs"]
    lists = read_json(run / "lists" / "manifest.json")
    note = {"at": now(), "users": n_users, "hashes_before": _hashes(outputs)}
    tables = sorted((run / "lists").glob("*.parquet"))
    if hash_files(tables, root=run / "lists") == outputs["lists_hash"]:
        outputs["lists_hash"] = lists["lists_hash"] = _hash_staged(tables, run / "lists", swap)
    for name, before in outputs["models"].items():
        path = run / "models" / name
        if path.is_file() and hash_file(path) == before:
            outputs["models"][name] = hash_file(swap.new(path))
    path = run / "evaluation.json"
    if hash_file(path) == outputs["evaluation"]:
        outputs["evaluation"] = hash_file(swap.new(path))
    for relative, value in zip(_MANIFESTS, (manifest, lists), strict=True):
        value["forgotten"] = [*value.get("forgotten", []), note]
        write_json(swap.stage(run / relative), value)


def stage_model(model: Path, run: Path | None, users: Collection[str], swap: Swap) -> None:
    """Stages the files of a registered *model*: those of its *run*, or without rows of *users*.

    Of a model whose run is gone nobody knows any more who had which number.
    """
    manifest = read_json(model / "manifest.json")
    for name, about in manifest["files"].items():
        path = model / name
        if not path.is_file() or hash_file(path) != about["sha256"]:
            continue
        source = None if run is None else swap.new(run / name)
        if source is not None and source.exists() and source.parent == swap.work:
            shutil.copyfile(source, swap.stage(path))
        elif path.suffix == ".parquet" and user_columns(path, pq.read_schema(path)):
            write_without(path, swap.stage(path), users)
        new = swap.new(path)
        manifest["files"][name] = {"sha256": hash_file(new), "bytes": new.stat().st_size}
    manifest["forgotten"] = [*manifest.get("forgotten", []), {"at": now(), "users": len(users)}]
    write_json(swap.stage(model / "manifest.json"), manifest)


def _stage(
    path: Path,
    run: Path,
    users: Collection[str],
    numbers: Collection[int],
    swap: Swap,
    record: Record,
) -> None:
    target = swap.stage(path)
    left_out = _write(path, target, run, users, numbers)
    if not left_out:
        swap.cancel(target)
        return
    facts = {"left_out": left_out, "sha256_before": hash_file(path)}
    record.note(path, "rewritten", **facts, sha256_after=hash_file(target))


def _write(
    path: Path, target: Path, run: Path, users: Collection[str], numbers: Collection[int]
) -> int:
    """Writes *path* without the users to *target*; how much of them there was."""
    if path.suffix == ".parquet":
        if path == run / "index" / _INDEX:
            return _write_index(path, target, numbers)
        schema = pq.read_schema(path)
        if user_columns(path, schema):
            return write_without(path, target, users)
        if NUMBER_COLUMN in schema.names and pa.types.is_integer(schema.field(NUMBER_COLUMN).type):
            return write_without_numbers(path, target, NUMBER_COLUMN, numbers)
    elif path.suffix == ".npz":
        return blank_users(path, target, numbers)
    elif path.suffix == ".duckdb":
        return copy_without(path, target, users)
    elif path.suffix == ".json":
        return write_json_without(path, target, users)
    return 0


def _write_index(path: Path, target: Path, numbers: Collection[int]) -> int:
    """The users with `(forgotten n)` and nothing else in the rows *numbers*."""
    table = pq.read_table(path)
    rows = table.to_pylist()
    for number in numbers:
        rows[number] = dict.fromkeys(table.column_names) | {USER_COLUMN: _placeholder(number)}
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), target, compression="zstd")
    return len(numbers)


def _numbers(run: Path, users: Collection[str]) -> list[int]:
    path = run / "index" / _INDEX
    if not path.exists():
        return []
    ids = pq.read_table(path, columns=[USER_COLUMN])[USER_COLUMN].to_pylist()
    return [number for number, user in enumerate(ids) if user in users]


def _placeholder(number: int) -> str:
    return f"{GONE[:-1]} {number})"


def _hashes(outputs: Mapping[str, Any]) -> dict[str, Any]:
    return {"lists_hash": outputs["lists_hash"], "models": dict(outputs["models"])}


def _hash_staged(tables: list[Path], root: Path, swap: Swap) -> str:
    """As `hash_files` will find them."""
    lines = sorted(f"{p.relative_to(root).as_posix()} {hash_file(swap.new(p))}" for p in tables)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
