"""Files that no manifest names: snapshots, quarantine, spools, pages, logs, whatever else there is.

Each is replaced by itself, so that being killed between two costs nothing.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import nullcontext
from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines.files import fsync, hash_file
from pipelines.forgetting.database import copy_without, find_users_in
from pipelines.forgetting.parquet import find_users, has_records, write_without
from pipelines.forgetting.record import FOLDER, Record
from pipelines.forgetting.texts import LOGS, PAGES, is_shown, write_json_without, write_text_without
from pipelines.forgetting.tombstones import Forgotten
from pipelines.retention import YOUNG_S
from store.audit import AUDIT, audit_held

_ELSEWHERE = (
    "lake/",
    "runs/",
    "models/",
    f"{FOLDER}/",
    "locks/",
    "store/",
    "spool/",
)  # looked after by others
_COPIES = "quarantine/*/files"  # of delivered files that nobody can read
_LEFT_BY_KILLED = (".part", ".draft")
_DRAFT = ".forgetting"  # of this module, which is alone


def find_loose_users(record: Record, forgotten: Forgotten) -> set[str]:
    """Ids of the forgotten users of whom a loose table has rows."""
    found: set[str] = set()
    for path in loose_files(record.var):
        if path.suffix == ".parquet":
            found |= find_users(path, forgotten)
        elif path.suffix == ".duckdb":
            found |= find_users_in(path, forgotten)
    return found


def rewrite_loose(record: Record, forgotten: Forgotten, users: Collection[str]) -> list[str]:
    """Replaces every loose file that has rows of forgotten users or names one of *users*.

    What could not be replaced, and why.
    """
    _delete_copies(record)
    left = []
    for path in loose_files(record.var):
        try:
            _rewrite(path, record, forgotten, users)
        except FileNotFoundError:
            continue  # retention was faster
        except (pa.ArrowInvalid, duckdb.Error, OSError) as error:
            left.append(f"{path.relative_to(record.var)}: cannot be read: {_first_line(error)}")
    return left + _delete_leftovers(record)


def loose_files(var: Path) -> Iterator[Path]:
    """The files below *var* that this module looks after."""
    for path in sorted(p for p in var.rglob("*") if p.is_file() and not p.is_symlink()):
        relative = path.relative_to(var).as_posix()
        if relative.startswith(_ELSEWHERE) or path.suffix in _LEFT_BY_KILLED:
            continue
        if path.suffix == _DRAFT:
            path.unlink()
        else:
            yield path


def _rewrite(path: Path, record: Record, forgotten: Forgotten, users: Collection[str]) -> None:
    if path.suffix == ".parquet":
        found = find_users(path, forgotten)
        if has_records(path):  # torn ones may name somebody without saying whose they are
            found |= set(users)
        if found:
            _replace(path, record, lambda target: write_without(path, target, found))
    elif path.suffix == ".duckdb":
        found = find_users_in(path, forgotten)
        if found:
            _replace(path, record, lambda target: copy_without(path, target, found))
    elif path.suffix in PAGES:
        if is_shown(path.read_text(encoding="utf-8", errors="replace"), users):
            record.note(path, "deleted: a page that shows a user")
            path.unlink()
    elif path.suffix in (".json", ".gz", *LOGS):
        write = write_json_without if path.suffix == ".json" else write_text_without
        # What is noted while the audit log is rewritten waits, and goes to the new file.
        with audit_held(path) if path.name == AUDIT else nullcontext():
            _replace(path, record, lambda target: write(path, target, users))


def _replace(path: Path, record: Record, write: Callable[[Path], int]) -> None:
    """Replaces *path* by what *write* makes of it, unless that leaves nothing out."""
    draft = path.with_name(f".{path.name}{_DRAFT}")
    try:
        left_out = write(draft)
        if left_out:
            facts = {"left_out": left_out, "sha256_before": hash_file(path)}
            record.note(path, "rewritten", **facts, sha256_after=hash_file(draft))
            draft.chmod(path.stat().st_mode & 0o777)
            fsync(draft)
            draft.replace(path)
            fsync(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def _delete_copies(record: Record) -> None:
    """Nobody knows whose rows are in a file that cannot be read: its reason alone stays."""
    for folder in record.var.glob(_COPIES):
        for path in sorted(folder.iterdir()):
            if not path.name.endswith(".reason.txt"):
                record.note(path, "deleted: a copy of a delivered file that cannot be read")
                path.unlink()


def _delete_leftovers(record: Record) -> list[str]:
    """Deletes what killed writers left a day ago; what is younger may still be written."""
    left = []
    for path in record.var.rglob(".*"):
        relative = path.relative_to(record.var).as_posix()
        if path.suffix not in _LEFT_BY_KILLED or relative.startswith(_ELSEWHERE):
            continue
        if path.stat().st_mtime < time.time() - YOUNG_S:
            record.note(path, "deleted: left by a writer that was killed")
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        else:
            left.append(f"{relative}: somebody is writing it, or was killed within a day")
    return left


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
