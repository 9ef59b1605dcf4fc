"""What gunicorn's master does for the metrics: an empty directory, and an exporter that runs."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

EXPORTER = Path(__file__).with_name("exporter.py")
DIRECTORY_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
AGAIN_AFTER_S = 1.0
_NO_INPUT = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]

log = logging.getLogger("nightshelf.serving")


def keep_metrics(directory: Path, bind: str, files: Sequence[Path]) -> None:
    """Empty *directory*, name it to the workers to come, and keep an exporter on *bind*.

    It passes on the gauges in *files* too.

    Without a directory to write to there are no metrics, and the log says so: answers go on.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for path in [*directory.glob("*.db"), *directory.glob("*.new")]:
            path.unlink()
    except OSError as error:
        log.error("there will be no metrics: %s", error)
        os.environ.pop(DIRECTORY_VARIABLE, None)
        return
    os.environ[DIRECTORY_VARIABLE] = str(directory)
    # The thread sleeps in waitpid, holding nothing that a forked worker could miss.
    threading.Thread(
        target=_keep, args=(directory, bind, files), name="exporter", daemon=True
    ).start()


def _keep(directory: Path, bind: str, files: Sequence[Path]) -> None:
    """Start the exporter, and again whenever it ends."""
    arguments = [str(directory), bind, str(os.getpid()), *map(str, files)]
    command = [sys.executable, "-P", str(EXPORTER), *arguments]
    while True:
        # subprocess waits for a pipe to close, which a worker forked meanwhile would hold open.
        pid = os.posix_spawn(sys.executable, command, os.environ, file_actions=_NO_INPUT)
        with suppress(ChildProcessError):  # the master has been told of its end first
            os.waitpid(pid, 0)
        log.error("the exporter of metrics (pid %d) has ended; starting another", pid)
        time.sleep(AGAIN_AFTER_S)
