"""Load by wrk, an external generator in C: one thread, many keep-alive connections."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.peers_runners.http_load import Address
from settings.errors import NightshelfError

SCRIPT = Path(__file__).with_suffix(".lua")
TIMEOUT_S = 10  # after which wrk counts an answer as late
_MARK = "wrk: "


class WrkError(NightshelfError):
    """wrk is not there, or did not say what it saw."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """How hard wrk asks."""

    connections: int
    seconds: int  # wrk knows whole ones only


@dataclass(frozen=True)
class Seen:
    """What wrk saw in one load."""

    answers: int
    per_second: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    bytes_each: float  # of an answer, with its head
    failed: int  # answers of 400 and above, broken connections, and answers later than 10 s
    not_modified: int  # answers of 304, where they were counted


def find_wrk() -> str:
    """The path of wrk; raises `WrkError` when it is not installed."""
    path = shutil.which("wrk")
    if path is None:
        raise WrkError(
            "wrk is not installed, and the load must not come from Python: "
            "`apt-get install wrk` (Debian, Ubuntu) or `brew install wrk`, then run this again"
        )
    return path


def write_requests(path: Path, requests: Sequence[str]) -> Path:
    """A file of whole *requests*, as the script reads them."""
    path.write_text("\0".join(requests), encoding="ascii")
    return path


def run_wrk(
    address: Address, requests: Path, load: Load, *, first: int = 0, count_304: bool = False
) -> Seen:
    """What came of asking *address* the *requests* from the one numbered *first* on.

    Raises `WrkError` when wrk cannot connect or fails.
    """
    command = [find_wrk(), "--threads", "1", "--connections", str(load.connections)]
    command += ["--duration", f"{load.seconds}s", "--timeout", f"{TIMEOUT_S}s"]
    command += ["--script", str(SCRIPT), f"http://{address[0]}:{address[1]}/", "--"]
    command += [str(requests), str(first), *(["count"] if count_304 else [])]
    done = subprocess.run(command, capture_output=True, text=True)
    said = [line for line in done.stdout.splitlines() if line.startswith(_MARK)]
    if done.returncode or not said:
        text = (done.stderr or done.stdout).strip()
        raise WrkError(f"wrk ended with {done.returncode}: {text or 'no message'}")
    return _seen(json.loads(said[-1].removeprefix(_MARK)))


def _seen(said: dict[str, Any]) -> Seen:
    answers = said["answers"]
    return Seen(
        answers=answers,
        per_second=answers / said["microseconds"] * 1e6,
        p50_ms=said["p50_us"] / 1000,
        p99_ms=said["p99_us"] / 1000,
        max_ms=said["max_us"] / 1000,
        bytes_each=said["bytes"] / max(answers, 1),
        failed=said["refused"] + said["broken"] + said["late"],
        not_modified=said["not_modified"],
    )
