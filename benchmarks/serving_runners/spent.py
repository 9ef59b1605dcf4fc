"""What the processes of a server hold and spend, as Linux counts it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Spent:
    """Of a process and all that it started."""

    cpu_s: float  # so far, of those that still run
    rss_mib: float  # what they share is counted for each
    pss_mib: float  # what they share is counted once
    processes: int


def measure_processes(pid: int) -> Spent | None:
    """What *pid* and its descendants hold now; None where the system is not Linux."""
    if not (_PROC / "self" / "smaps_rollup").is_file():
        return None
    found = [one for process in _family(pid) if (one := _measure(process)) is not None]
    return Spent(
        cpu_s=sum(one.cpu_s for one in found),
        rss_mib=round(sum(one.rss_mib for one in found), 1),
        pss_mib=round(sum(one.pss_mib for one in found), 1),
        processes=len(found),
    )


def _family(pid: int) -> list[int]:
    """*pid* and its descendants; processes that ended meanwhile have none."""
    family = [pid]
    for process in family:
        for task in (_PROC / str(process) / "task").glob("*/children"):
            try:
                family += map(int, task.read_text().split())
            except OSError:
                continue
    return family


def _measure(pid: int) -> Spent | None:
    """Of one process, None when it is gone."""
    folder = _PROC / str(pid)
    try:
        # The name, in brackets, may hold blanks; user and system time are the 14th and 15th field.
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        lines = (folder / "smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return None
    sizes = dict(line.split(":", 1) for line in lines)
    rss, pss = (int(sizes[name].split()[0]) / 1024 for name in ("Rss", "Pss"))
    return Spent((int(fields[11]) + int(fields[12])) / _TICKS, rss, pss, 1)
