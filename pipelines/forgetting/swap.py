"""Many files replaced as one: all new ones are written, then a journal, then they get their names.

Whoever is killed before the journal has changed nothing; whoever is killed after it is finished by
`finish_swap`. So hashes in manifests never wait for files that nobody replaces any more.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from pipelines.files import fsync, hash_file, read_json, write_json

_JOURNAL = "journal.json"


class Swap:
    """New files in the folder *work*, to be put in the places of others below *root*."""

    def __init__(self, work: Path, root: Path) -> None:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        self.work = work
        self._root = root
        self._targets: dict[str, str] = {}  # name in *work* → path below *root*

    def stage(self, target: Path) -> Path:
        """Where to write what will take the place of *target*."""
        name = f"{len(self._targets):05d}{target.suffix}"
        self._targets[name] = target.relative_to(self._root).as_posix()
        return self.work / name

    def cancel(self, staged: Path) -> None:
        """*staged* takes no place after all."""
        del self._targets[staged.name]
        staged.unlink(missing_ok=True)

    def hashes(self) -> dict[str, str]:
        """Path below *root* → SHA-256 that it will have."""
        return {path: hash_file(self.work / name) for name, path in self._targets.items()}

    def new(self, target: Path) -> Path:
        """The file that will be at *target*: the staged one, or *target* as it is."""
        path = target.relative_to(self._root).as_posix()
        staged = {there: name for name, there in self._targets.items()}.get(path)
        return target if staged is None else self.work / staged

    def commit(self, after: Any) -> None:
        """Write the journal, from which on the change is made; *after*: what is left to do then."""
        for name in self._targets:
            fsync(self.work / name)
        fsync(self.work)
        write_json(self.work / _JOURNAL, {"targets": self._targets, "after": after})


def read_journal(work: Path) -> Any:
    """What `commit` was given, of a change that has not ended."""
    return read_json(work / _JOURNAL)["after"]


def finish_swap(work: Path, root: Path) -> None:
    """Give every staged file of a committed change its name; safe to repeat."""
    targets: dict[str, str] = read_json(work / _JOURNAL)["targets"]
    folders = set()
    for name, path in targets.items():
        staged, target = work / name, root / path
        if staged.exists():
            mode = target.stat().st_mode if target.exists() else None
            staged.replace(target)
            if mode is not None:
                target.chmod(mode & 0o777)
            folders.add(target.parent)
    for folder in folders:
        fsync(folder)


def end_swap(work: Path) -> None:
    """Everything is done: nothing of the change stays but its result."""
    (work / _JOURNAL).unlink()  # first: without it the rest is nothing
    shutil.rmtree(work, ignore_errors=True)
