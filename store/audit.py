"""Who changed what readers see: one JSON object a line, only ever added to, on disk at once.

The web tier and the command line write the same file.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from settings import Settings
from settings.errors import NightshelfError
from settings.project import var_directory

log = logging.getLogger("nightshelf.audit")


class AuditError(NightshelfError):
    """An action cannot be noted, so that it should not be done."""


AUDIT = "audit.jsonl"


def audit_file(settings: Settings) -> Path:
    """Where actions of this namespace are noted."""
    return var_directory(settings) / AUDIT


class AuditLog:
    """Appends to the file at *path*; safe to share between threads and processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def note(
        self,
        actor: Mapping[str, Any],
        action: str,
        details: Mapping[str, Any],
        *,
        outcome: str = "done",
    ) -> None:
        """Note that *actor* did *action*, and wait until the disk has it.

        *details* says to what, and what was there before and after; *outcome* is `done`, or why it
        was not. Raises `AuditError` when it cannot be written.
        """
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        row = {"at": now, "actor": actor, "action": action, "outcome": outcome, "details": details}
        line = json.dumps(row, ensure_ascii=True, default=str)
        try:
            with self._lock:
                self._append(line)
        except OSError as error:
            raise AuditError(
                f"{self._path}: {action} cannot be noted: {error.strerror}; make room or "
                "give this process the right to write there"
            ) from None
        log.info("%s", line)

    def _append(self, line: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
        while True:
            with os.fdopen(os.open(self._path, flags, 0o600), "r+b", buffering=0) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if _is_at(self._path, file):
                    self._write(file, line)
                    return

    @staticmethod
    def _write(file: BinaryIO, line: str) -> None:
        size = os.fstat(file.fileno()).st_size
        torn = size > 0 and os.pread(file.fileno(), 1, size - 1) != b"\n"
        file.write((b"\n" if torn else b"") + line.encode("ascii") + b"\n")
        os.fsync(file.fileno())


@contextmanager
def audit_held(path: Path) -> Iterator[None]:
    """Nobody appends to the log at *path* meanwhile, whatever becomes of the file."""
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_at(path: Path, file: BinaryIO) -> bool:
    """Whether *path* still is *file*: it may have been replaced while the lock was waited for."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
