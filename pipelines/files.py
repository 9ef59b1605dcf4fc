"""Writing so that a reader, and a crash, only ever see whole files."""

import fcntl
import hashlib
import json
import os
import shutil
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_CHUNK = 1 << 20


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A path beside *target* to write to; on success it is fsynced and renamed to *target*.

    DuckDB's `COPY` killed half-way leaves a torn file under the final name,
    so nothing in the night writes to a final name directly.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}.part")
    try:
        yield beside
        fsync(beside)
        beside.replace(target)
        fsync(target.parent)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def replacing_directory(target: Path) -> Iterator[Path]:
    """Like `replacing`, for a folder: an old *target* gives way to the new one whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}.part")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    try:
        yield beside
        for file in beside.rglob("*"):
            fsync(file)
        fsync(beside)
        shutil.rmtree(target, ignore_errors=True)
        beside.replace(target)
        fsync(target.parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Waits for, then holds the lock *path*; the kernel lets go of it if we are killed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def write_json(target: Path, value: Any) -> None:
    """*value* as indented JSON with sorted keys, replaced atomically."""
    with replacing(target) as beside:
        text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, default=str)
        beside.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def hash_file(path: Path) -> str:
    """SHA-256 of the bytes of *path*, as 64 hex digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def hash_files(paths: Iterable[Path], root: Path) -> str:
    """SHA-256 over names (relative to *root*) and bytes of *paths*, whatever their order."""
    lines = sorted(f"{path.relative_to(root).as_posix()} {hash_file(path)}" for path in paths)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def hash_json(value: Any) -> str:
    """SHA-256 of *value* as canonical JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def fsync(path: Path) -> None:
    """Waits until the bytes of a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
