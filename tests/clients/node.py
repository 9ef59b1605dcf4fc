"""Node and its packages for tests of the TypeScript client."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from fcntl import LOCK_EX, flock
from pathlib import Path

import pytest

CLIENT = Path(__file__).parents[2] / "clients" / "typescript"
OLDEST = 20


def npm(*arguments: str, environ: Mapping[str, str] | None = None) -> str:
    """What npm prints in the client's folder; fails with it when npm fails."""
    done = subprocess.run(
        ["npm", *arguments],
        cwd=CLIENT,
        env={**os.environ, "NO_COLOR": "1", **(environ or {})},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"npm {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def install_packages() -> None:
    """The locked packages in `node_modules`, once; skips where there is no Node.

    In CI a missing Node fails. So does a registry that cannot be reached, everywhere.
    """
    if _version() < OLDEST or shutil.which("npm") is None:
        text = f"no Node {OLDEST} or newer with npm on this computer; on Debian: apt install npm"
        pytest.fail(text) if os.environ.get("CI") else pytest.skip(text)
    lock = CLIENT / "package-lock.json"
    kept = CLIENT / "node_modules" / ".lock-of-tests"
    with (CLIENT / "package.json").open() as file:  # test processes side by side install once
        flock(file, LOCK_EX)
        if not kept.is_file() or kept.read_bytes() != lock.read_bytes():
            npm("ci")
            kept.write_bytes(lock.read_bytes())


def _version() -> int:
    program = shutil.which("node")
    if program is None:
        return 0
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return int(done.stdout.removeprefix("v").partition(".")[0])
