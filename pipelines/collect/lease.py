"""One collector at a time in a namespace, whether the one before is alive, dead or stuck.

A collector holds a kernel lock, which a killed one lets go of, and notes in a file when it last
got anything done. One that holds the lock and notes nothing for `stuck_after` is taken over: the
file then names another, and what the stuck one wanted to commit, it may not commit any more.
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO
from uuid import uuid4

from pipelines.files import locked, read_json, write_json
from settings import Settings
from settings.errors import NightshelfError
from settings.project import var_directory


class CollectorBusyError(NightshelfError):
    """Another collector is at work, and gets on."""


class LeaseLostError(NightshelfError):
    """Another collector took over, as this one had said nothing for too long."""


@dataclass
class Lease:
    """The right to write the landing zone."""

    folder: Path
    owner: str
    is_locked: bool = True  # it has the kernel lock; one that took over may not

    def beat(self) -> None:
        """Notes that work goes on; raises `LeaseLostError` when another took over."""
        with self.committing():
            self.note(time.time())

    def note(self, at: float) -> None:
        """Notes that something got done *at* seconds since 1970; in the turn of nobody else."""
        record = {"owner": self.owner, "at": at, "is_locked": self.is_locked}
        write_json(_note(self.folder), record)

    @contextmanager
    def committing(self) -> Iterator[None]:
        """Nobody can take over inside the block; raises `LeaseLostError` when somebody has."""
        with locked(self.folder / "collect.turn"):
            noted = read_json(_note(self.folder))
            if noted["owner"] != self.owner:
                raise LeaseLostError(
                    f"{noted['owner']} has taken over from {self.owner}, which got nothing done "
                    "for longer than [collect] stuck_after; nothing is lost, it goes on there"
                )
            yield


@contextmanager
def collector_lease(settings: Settings, stuck_after: timedelta) -> Iterator[Lease]:
    """Be the only collector inside the block.

    Raises `CollectorBusyError` naming the other while there is one that gets on.
    """
    folder = var_directory(settings) / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
    with ExitStack() as held:
        alive = held.enter_context((folder / "collect").open("w"))
        with locked(folder / "collect.turn"):
            lease = Lease(folder, owner, _lock(alive))
            if not lease.is_locked or _is_led_without(folder):
                _check_stuck(folder, stuck_after)
            lease.note(time.time())
        try:
            yield lease
        finally:
            # A stuck one may hold the kernel lock still: the next need not wait for our silence.
            with suppress(LeaseLostError), lease.committing():
                lease.note(0.0)


def _is_led_without(folder: Path) -> bool:
    """Whether the last collector took over from a stuck one, and so has no kernel lock to lose."""
    path = _note(folder)
    return path.exists() and not read_json(path).get("is_locked", True)


def _check_stuck(folder: Path, stuck_after: timedelta) -> None:
    noted = read_json(_note(folder))  # written before the kernel lock was ever held for long
    silent = time.time() - float(noted["at"])
    if silent < stuck_after.total_seconds():
        raise CollectorBusyError(
            f"{noted['owner']} is collecting, and got on {max(0.0, silent):.0f} s ago"
        )


def _lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _note(folder: Path) -> Path:
    return folder / "collector.json"
