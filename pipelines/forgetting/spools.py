"""Events on disk that wait for the log: those of forgotten users are taken out.

A web process owns its files by a lock; those of a dead one are rewritten here, those of a living
one it replays itself within seconds, and the collector drops what comes of that.
"""

from __future__ import annotations

import fcntl
from pathlib import Path

from pipelines.files import fsync, hash_file
from pipelines.forgetting.record import Record
from pipelines.forgetting.tombstones import Forgotten
from store.events import user_of

FOLDER = "spool"  # of the namespace; its files are described in serving/events/spool_file.py
_SUFFIXES = (".spool", ".damaged")
_DRAFT = ".forgetting"
_SUM = 9  # characters of a line before its record: a checksum and a blank


def rewrite_spools(record: Record, forgotten: Forgotten) -> list[str]:
    """Rewrites the spools of dead processes; which of living ones hold events of *forgotten*."""
    left = []
    for path in sorted((record.var / FOLDER).glob("*")):
        if path.suffix == _DRAFT:  # of a pass that was killed; nobody else makes any
            path.unlink(missing_ok=True)
        if path.suffix not in _SUFFIXES:
            continue
        try:
            with path.open("rb") as file:
                # Before it is read: who dies meanwhile may have written more, all acknowledged.
                is_abandoned = _is_abandoned(file.fileno())
                lines = file.readlines()
                kept = [line for line in lines if not _is_theirs(line, forgotten)]
                if len(kept) == len(lines):
                    continue
                if not is_abandoned:
                    left.append(f"{FOLDER}/{path.name}: a living process is about to replay it")
                    continue
                _replace(path, kept, record, left_out=len(lines) - len(kept))
        except FileNotFoundError:
            continue  # replayed meanwhile
    return left


def _is_theirs(line: bytes, forgotten: Forgotten) -> bool:
    """Whether *line* is an event of a forgotten user; one that is damaged may be anybody's."""
    user_id = user_of(line[_SUM:].rstrip(b"\n"))
    return user_id is None or forgotten.has(user_id)


def _is_abandoned(descriptor: int) -> bool:
    """Takes the lock of a file whose process is dead; it is held until the file is closed."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _replace(path: Path, lines: list[bytes], record: Record, *, left_out: int) -> None:
    before = hash_file(path)
    draft = path.with_suffix(_DRAFT)
    draft.write_bytes(b"".join(lines))
    draft.chmod(0o600)
    fsync(draft)
    after = hash_file(draft)
    record.note(path, "rewritten", left_out=left_out, sha256_before=before, sha256_after=after)
    draft.replace(path)
    fsync(path.parent)
