"""Servers of a benchmark as processes of their own."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from settings.errors import NightshelfError

START_S = 60.0  # until a server answers


class ServerFailedError(NightshelfError):
    """A server did not come up, or its store could not be filled."""


@contextmanager
def running(
    command: list[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    log: Path,
    answers: Callable[[], bool],
) -> Iterator[int]:
    """The id of the process of *command*, from when it *answers*; ended afterwards.

    Raises `ServerFailedError` with the last line of *log* when it ends or does not answer in time.
    """
    with log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(
            command, cwd=folder, env=dict(environment), stdout=file, stderr=file
        )
    try:
        deadline = time.monotonic() + START_S
        while not answers():
            if process.poll() is not None or time.monotonic() > deadline:
                raise ServerFailedError(f"it did not come up: {last_line(log.read_text())}")
            time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def last_line(text: str) -> str:
    """The last line of *text* that says something."""
    lines = [line for line in text.splitlines() if line.strip()]
    return (lines or ["no message"])[-1].strip()
