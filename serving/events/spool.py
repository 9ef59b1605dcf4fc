"""Events on this computer's disk while the log is away; every process has files of its own.

Whoever comes while a write is under way waits for the next, which is one for all of them (group
commit). Writing and fsync happen in a thread, so that no other request waits for the disk.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from gevent import get_hub, monkey

from serving.events.spool_file import SUFFIX, SpoolFile, orphans, write_lines

T = TypeVar("T")
AT_ONCE = 200  # events of a replay that are appended in one trip

log = logging.getLogger("nightshelf.serving")


class SpoolError(Exception):
    """Nothing can be written to the spool: its disk or its share of it is full, or it is gone."""


class _Ticket:
    """What one request wants written."""

    __slots__ = ("data", "error", "is_done")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.is_done = False
        self.error: SpoolError | None = None


class Spool:
    """The files in *folder* that this process writes, at most *most* bytes of them."""

    def __init__(self, folder: Path, most: int) -> None:
        self.folder = folder
        self._most = most
        self._file: SpoolFile | None = None  # that grows
        self._full: list[SpoolFile] = []  # that wait to be replayed
        self._waiting: deque[_Ticket] = deque()
        self._turn = threading.Lock()

    @property
    def size(self) -> int:
        """Bytes of this process' files."""
        return sum(file.size for file in self._own())

    def measure(self) -> int:
        """Bytes of all files in the folder, whosever they are."""
        if not self.folder.exists():
            return 0
        total = 0
        for path in self.folder.glob(f"*{SUFFIX}"):
            with suppress(OSError):  # replayed meanwhile
                total += path.stat().st_size
        return total

    def append(self, records: Sequence[bytes]) -> None:
        """Write *records* and wait until they are on disk; raises `SpoolError`."""
        ticket = _Ticket(write_lines(records))
        self._waiting.append(ticket)
        with self._turn:
            if not ticket.is_done:
                self._commit()
        if ticket.error is not None:
            raise ticket.error

    def replay(self, append: Callable[[list[bytes]], None]) -> int:
        """Hand all records to *append*, also those of processes that are dead; how many they were.

        A file is deleted once *append* took all of it. What *append* raises is raised, and the
        rest stays for the next time; then some may be handed over again.
        """
        with self._turn:
            if self._file is not None:
                self._full.append(self._file)
                self._file = None
        if self.folder.exists():
            own = [file.path for file in self._own()]
            self._full += orphans(self.folder, own)
        n = 0
        while self._full:
            n += _replay(self._full[0], append)
            self._full.pop(0)
        return n

    def close(self) -> None:
        """Let other processes have the files."""
        with self._turn:
            for file in self._own():
                file.close()
            self._file, self._full = None, []

    def _own(self) -> list[SpoolFile]:
        return [*self._full, *([self._file] if self._file is not None else [])]

    def _commit(self) -> None:
        """Write what all who wait want written."""
        tickets = [self._waiting.popleft() for _ in range(len(self._waiting))]
        error = None
        try:
            self._write(b"".join(ticket.data for ticket in tickets))
        except (SpoolError, OSError) as problem:
            error = SpoolError(f"{self.folder}: {problem}")
        for ticket in tickets:
            ticket.error, ticket.is_done = error, True

    def _write(self, data: bytes) -> None:
        if self.size + len(data) > self._most:
            raise SpoolError(f"[intake] max_spool = {self._most} bytes are full")
        if self._file is None:
            self._file = off_the_loop(lambda: SpoolFile.create(self.folder))
        file = self._file
        try:
            off_the_loop(lambda: file.write(data))
        except OSError:
            # What was acknowledged is in it, and stays until it is replayed; more goes elsewhere.
            self._file = None
            if file.size:
                self._full.append(file)
            else:
                file.delete()
            raise


def off_the_loop(call: Callable[[], T]) -> T:
    """What *call* returns or raises, from a thread where this process runs on gevent's loop."""
    if monkey.is_module_patched("threading"):
        found: T = get_hub().threadpool.apply(call)
        return found
    return call()


def _replay(file: SpoolFile, append: Callable[[list[bytes]], None]) -> int:
    n = n_damaged = 0
    together: list[bytes] = []
    for record in file.records():
        if record is None:
            n_damaged += 1
            continue
        together.append(record)
        n += 1
        if len(together) == AT_ONCE:
            append(together)
            together = []
    if together:
        append(together)
    if n_damaged:
        log.error("%s: %d lines are damaged; the file is kept", file.path, n_damaged)
        file.set_aside()
    else:
        file.delete()
    return n
