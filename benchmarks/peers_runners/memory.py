"""How much memory this process took; needs nothing that a peer's environment may lack."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")
_MIB = 1024**2


def peak_mib() -> float:
    """The most memory that this process had resident, in MiB."""
    if _STATUS.is_file():
        # ru_maxrss would start with that of the parent, which it keeps over an exec.
        lines = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines() if ":" in line)
        return int(lines["VmHWM"].split()[0]) / 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _MIB
