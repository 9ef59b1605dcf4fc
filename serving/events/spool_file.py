"""A file of events that wait for the log: owned by the process that has its lock.

A line is the CRC-32 of a record, a blank, the record. What a crash tore off at the end was never
acknowledged, so it is skipped. The lock is gone when its process is, however that ended.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

SUFFIX = ".spool"
DRAFT = ".new"  # not a spool yet: it has no lock, or no name that anybody trusts


class SpoolFile:
    """An open file under this process' lock; `size` bytes of it are on disk."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.size = os.fstat(descriptor).st_size
        self._descriptor = descriptor

    @classmethod
    def create(cls, folder: Path) -> SpoolFile:
        """A new, empty one in *folder*; raises `OSError`."""
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            _sync_folder(folder.parent)
        path = folder / f"{os.getpid()}-{secrets.token_hex(8)}{SUFFIX}"
        draft = path.with_suffix(DRAFT)
        descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            # Locked before it has its name: nobody takes it for that of a dead process.
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            draft.rename(path)
            _sync_folder(folder)
        except OSError:
            draft.unlink(missing_ok=True)
            os.close(descriptor)
            raise
        return cls(path, descriptor)

    @classmethod
    def adopt(cls, path: Path) -> SpoolFile | None:
        """The file at *path* if its owner is dead, None if it lives or was faster to end it."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.stat().st_ino == os.fstat(descriptor).st_ino:
                return cls(path, descriptor)
        except OSError:
            pass
        os.close(descriptor)
        return None

    def write(self, data: bytes) -> None:
        """Append *data* and wait until it is on disk; raises `OSError`, with the file as before.

        After an error of fsync nobody knows what is on disk: the file takes nothing any more.
        """
        end = self.size + len(data)
        try:
            view, at = memoryview(data), self.size
            while view:
                n = os.pwrite(self._descriptor, view, at)
                view, at = view[n:], at + n
            os.fdatasync(self._descriptor)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self.size)
            raise
        self.size = end

    def records(self) -> Iterator[bytes | None]:
        """Its records; None for a line in the middle that is damaged."""
        with self.path.open("rb") as file:
            damaged = False
            for line in file:
                if damaged:
                    yield None  # more follows: it was not torn off by a crash
                record = _read_line(line)
                damaged = record is None
                if record is not None:
                    yield record

    def delete(self) -> None:
        """Remove it: everything in it is elsewhere."""
        with suppress(FileNotFoundError):
            self.path.unlink()
        self.close()

    def set_aside(self) -> None:
        """Keep it for people: a part of it cannot be read."""
        with suppress(OSError):
            self.path.rename(self.path.with_suffix(".damaged"))
        self.close()

    def close(self) -> None:
        """Let go of the lock: another process may take the file."""
        os.close(self._descriptor)


def write_lines(records: Iterable[bytes]) -> bytes:
    """*records*, none of which has a line feed, as lines."""
    return b"".join(b"%08x %s\n" % (zlib.crc32(record), record) for record in records)


def orphans(folder: Path, own: Iterable[Path]) -> Iterator[SpoolFile]:
    """The files in *folder* whose owners are dead, each now this process'; drafts are removed."""
    mine = set(own)
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        if path not in mine and (adopted := SpoolFile.adopt(path)) is not None:
            yield adopted
    for path in folder.glob(f"*{DRAFT}"):
        if (draft := SpoolFile.adopt(path)) is not None:
            draft.delete()


def _read_line(line: bytes) -> bytes | None:
    sum_, _, record = line[:-1].partition(b" ")
    if not line.endswith(b"\n") or sum_ != b"%08x" % zlib.crc32(record):
        return None
    return record


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
