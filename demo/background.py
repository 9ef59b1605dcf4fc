"""Programs that stay up after the command that started them has ended.

Each holds a lock on its pid file, and so do its children: the lock tells whether any of them
lives, whatever became of the pid. Killing the command that started them does not touch them.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from demo.errors import DemoError

STOPPING_S = 20.0


@dataclass(frozen=True)
class Background:
    """One program: its name, and the folder of its pid file and log."""

    name: str
    folder: Path

    @property
    def pid_file(self) -> Path:
        return self.folder / f"{self.name}.pid"

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"


def start(program: Background, command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Start *command* in a process group of its own; nothing is done when it runs already."""
    program.folder.mkdir(parents=True, exist_ok=True)
    with program.pid_file.open("a+") as pid_file:
        if not _lock(pid_file.fileno()):
            return
        with program.log.open("w") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                pass_fds=[pid_file.fileno()],  # it keeps the lock when we let go
                start_new_session=True,
            )
        pid_file.truncate(0)
        pid_file.write(str(process.pid))
        process.returncode = 0  # it outlives us; nobody here waits for it


def is_running(program: Background) -> bool:
    """Whether the program or one of its children lives."""
    if not program.pid_file.exists():
        return False
    with program.pid_file.open("a+") as pid_file:
        return not _lock(pid_file.fileno())


def stop(program: Background) -> bool:
    """End the program and its children, kindly, then not; whether there was one.

    Raises `DemoError` when something still runs afterwards.
    """
    if not is_running(program):
        return False
    for kind in (signal.SIGTERM, signal.SIGKILL):
        _signal(program, kind)
        deadline = time.monotonic() + STOPPING_S
        while time.monotonic() < deadline:
            if not is_running(program):
                return True
            time.sleep(0.05)
    raise DemoError(f"{program.name} (see {program.pid_file}) does not end; stop it by hand")


def tail(program: Background, n_lines: int = 20) -> str:
    """The last lines of the program's log."""
    if not program.log.exists():
        return "(no log)"
    return "\n".join(program.log.read_text(errors="replace").splitlines()[-n_lines:])


def _signal(program: Background, kind: signal.Signals) -> None:
    """To the program's group, and to its children that left it for a group of their own."""
    with suppress(ProcessLookupError, ValueError):  # ended, or killed before its pid was written
        os.killpg(int(program.pid_file.read_text()), kind)
    for process in _holders(program.pid_file.resolve()):
        with suppress(psutil.NoSuchProcess):
            process.send_signal(kind)


def _holders(pid_file: Path) -> Iterator[psutil.Process]:
    """Processes that have *pid_file* open, ours excepted."""
    for process in psutil.process_iter():
        with suppress(psutil.AccessDenied, psutil.NoSuchProcess):
            names = {opened.path for opened in process.open_files()}
            if str(pid_file) in names and process.pid != os.getpid():
                yield process


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
