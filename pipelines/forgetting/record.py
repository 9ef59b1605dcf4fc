"""What was rewritten, a line a file, on disk before the file is replaced; in the end the proof."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines.files import read_json, write_json
from settings import Settings
from settings.project import var_directory

FOLDER = "forgotten"  # of the namespace: proofs, and what is under way
_LOG = "rewritten.jsonl"


def forgotten_folder(settings: Settings) -> Path:
    """Proofs lie here, one a digest."""
    return var_directory(settings) / FOLDER


def work_folder(settings: Settings) -> Path:
    """What is under way: files that will take the place of others, and the log of those."""
    return forgotten_folder(settings) / "work"


def proof_path(settings: Settings, digest: str) -> Path:
    """The proof of one user."""
    return forgotten_folder(settings) / f"{digest}.json"


def now() -> str:
    """The wall clock, ISO, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class Record:
    """The log of one pass; a pass that was killed is carried on by the next one."""

    def __init__(self, settings: Settings) -> None:
        self.var = var_directory(settings)
        self._path = work_folder(settings) / _LOG
        self.n_files = 0

    def note(self, path: Path, what: str, **facts: Any) -> None:
        """Note what is about to be done to *path*, and wait until the disk has it."""
        row = {"at": now(), "file": path.relative_to(self.var).as_posix(), "what": what, **facts}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.n_files += 1

    def rows(self) -> list[dict[str, Any]]:
        """What was noted, of killed passes too; a line that was cut off is left out."""
        if not self._path.exists():
            return []
        lines = self._path.read_text(encoding="utf-8").splitlines()
        return [row for row in map(_parse, lines) if row is not None]

    def clear(self) -> None:
        """The proofs have it."""
        self._path.unlink(missing_ok=True)


def write_proof(path: Path, about: Mapping[str, Any], rows: list[dict[str, Any]]) -> None:
    """Adds *rows* to the proof *path*, each once, and sets what is *about* it."""
    before = read_json(path) if path.exists() else {"files": []}
    known = [*before["files"], *(row for row in rows if row not in before["files"])]
    write_json(path, {**before, **about, "files": known})


def _parse(line: str) -> dict[str, Any] | None:
    try:
        row: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return row
