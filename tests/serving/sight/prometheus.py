"""A Prometheus of a test's own, from Debian's package `prometheus`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.serving.running import any_port

ROOT = Path(__file__).resolve().parents[3]
RULES = ROOT / "deploy" / "prometheus" / "nightshelf.rules.yml"


def need(program: str) -> str:
    """The path of *program*; without it the test is skipped on a laptop and fails in CI."""
    found = shutil.which(program)
    if found is None:
        missing = f"{program} is missing: apt-get install prometheus"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found


class Prometheus:
    """A server that scrapes *target* each second with the configuration of deploy/."""

    def __init__(self, folder: Path, target: str) -> None:
        self.port = any_port()
        config = yaml.safe_load((RULES.parent / "prometheus.yml").read_text())
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config["rule_files"] = [str(RULES)]
        config["scrape_configs"][0]["static_configs"] = [{"targets": [target]}]
        file = folder / "prometheus.yml"
        file.write_text(yaml.safe_dump(config), encoding="utf-8")
        command = [
            need("prometheus"),
            f"--config.file={file}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]
        with (folder / "prometheus.log").open("w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def ask(self, path: str, **parameters: str) -> Any:
        """`data` of an answer of its API."""
        query = urllib.parse.urlencode(parameters)
        address = f"http://127.0.0.1:{self.port}/api/v1/{path}?{query}"
        with urllib.request.urlopen(address, timeout=10) as answer:
            return json.load(answer)["data"]

    def values(self, expr: str) -> list[float]:
        """The value of each series of *expr* now, NaN left out."""
        data = self.ask("query", query=expr)
        series = [data] if data["resultType"] == "scalar" else data["result"]
        numbers = [float(one["value"][1]) for one in series]
        return [number for number in numbers if number == number]

    def wait_for(self, look: Callable[[], Any], seconds: float = 30) -> Any:
        """What *look* finds, as soon as it finds something."""
        deadline, found = time.monotonic() + seconds, None
        while time.monotonic() < deadline:
            try:
                if found := look():
                    return found
            except OSError:
                pass
            time.sleep(0.2)
        raise AssertionError(f"found {found}")

    def stop(self) -> None:
        """End it and wait for it."""
        self.process.terminate()
        self.process.wait(20)
