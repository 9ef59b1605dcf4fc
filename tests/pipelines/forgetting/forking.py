"""Forgets in forks of itself, each killed when it is about to give a certain file its name.

Run as `python -m tests.pipelines.forgetting.forking <settings>`. A line of standard input is
`<what> <times> <part of a path>`: the fork dies before the audited event *what* (`os.rename`,
`os.remove`) of such a path for that time; answers the wait status.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from pipelines.forgetting.forget import forget_files
from settings import load_settings


def forget_and_exit(path: Path, what: str, times: int, part: str) -> None:
    """The fork's whole life."""
    left = times

    def see(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event == what and part in str(arguments[1 if what == "os.rename" else 0]):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(see)
    forget_files(load_settings(path, {}))
    os._exit(0)


if __name__ == "__main__":
    for line in sys.stdin:
        what, times, part = line.split()
        if (pid := os.fork()) == 0:
            forget_and_exit(Path(sys.argv[1]), what, int(times), part)
        print(os.waitpid(pid, 0)[1], flush=True)
