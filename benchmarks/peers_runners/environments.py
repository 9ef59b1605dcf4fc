"""An environment of its own for each peer: what it needs does not go with what we need."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import time
from pathlib import Path

from pipelines.files import locked
from settings.errors import NightshelfError

_STAMP = "installed"


class EnvironmentNotMadeError(NightshelfError):
    """The packages of a peer could not be installed."""


def make_environment(requirements: Path, folder: Path, *, seconds: float | None = None) -> Path:
    """The Python of an environment below *folder* with what *requirements* pins installed.

    It is named like the file; one made before from the same pins by the same Python is taken as
    it is. Raises `EnvironmentNotMadeError` when an install fails or takes longer than *seconds*.
    """
    environment = folder / requirements.stem
    mark = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    stamp = environment / _STAMP
    with locked(folder / f"{requirements.stem}.lock"):
        if not stamp.is_file() or stamp.read_text(encoding="utf-8") != mark:
            _install(environment, requirements, seconds)
            stamp.write_text(mark, encoding="utf-8")
    return environment / "bin" / "python"


def _install(environment: Path, requirements: Path, seconds: float | None) -> None:
    """A new environment in place of what is there; nothing is left of one that failed."""
    deadline = None if seconds is None else time.monotonic() + seconds
    shutil.rmtree(environment, ignore_errors=True)
    install = ("install", "--quiet", "--disable-pip-version-check", "--no-compile")
    python = str(environment / "bin" / "python")
    steps = (
        [sys.executable, "-m", "venv", str(environment)],
        [python, "-m", "pip", *install, "--only-binary", ":all:", "-r", str(requirements)],
    )
    try:
        for step in steps:
            left = None if deadline is None else max(deadline - time.monotonic(), 0.0)
            _run(step, left, seconds)
    except EnvironmentNotMadeError:
        shutil.rmtree(environment, ignore_errors=True)
        raise


def _run(step: list[str], left: float | None, seconds: float | None) -> None:
    try:
        subprocess.run(step, check=True, capture_output=True, text=True, timeout=left)
    except subprocess.TimeoutExpired:
        raise EnvironmentNotMadeError(
            f"its environment was not ready within {seconds:.0f} s; a run on a folder makes it "
            "without a limit, and every later run takes it as it is"
        ) from None
    except subprocess.CalledProcessError as error:
        lines = [line for line in error.stderr.splitlines() if line.startswith("ERROR")]
        reason = (lines or error.stderr.splitlines() or ["no message"])[-1]
        raise EnvironmentNotMadeError(
            f"its environment could not be made: {reason.strip()}; pip must reach the packages "
            "that its requirements pin"
        ) from None
