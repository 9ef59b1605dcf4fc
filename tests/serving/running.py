"""A gunicorn of a test's own, as `make serve` runs it."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def any_port() -> int:
    """A port that the kernel chose: others that look for one at the same time get another."""
    with socket.create_server(("127.0.0.1", 0)) as looking:
        port: int = looking.getsockname()[1]
        return port


class Gunicorn:
    """A running server of the settings that it writes to *folder*."""

    def __init__(
        self,
        folder: Path,
        url: str,
        namespace: str = "demo",
        *,
        more: str = "",
        environ: Mapping[str, str] | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.port = any_port()
        self.metrics_port = any_port()
        self.log = folder / "gunicorn.log"
        file = self.file = folder / "nightshelf.toml"
        file.write_text(
            f'[project]\nnamespace = "{namespace}"\n[store]\nurl = "{url}"\n'
            f'[serving]\nbind = "{host}:{self.port}"\npoll_every = "100ms"\n'
            f'[metrics]\nbind = "127.0.0.1:{self.metrics_port}"\n{more}',
            encoding="utf-8",
        )
        command = [sys.executable, "-m", "gunicorn", "-c", "python:serving.gunicorn_config"]
        environ = {**os.environ, "NIGHTSHELF_SETTINGS": str(file), **(environ or {})}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log)

    def ask(
        self, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, Any], float]:
        """Status, body and seconds of one request on a new connection; a POST of *body* if any."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            started = time.perf_counter()
            if body is None:
                connection.request("GET", path, headers=headers or {})
            else:
                sent = {"Content-Type": "application/json", **(headers or {})}
                connection.request("POST", path, json.dumps(body), sent)
            response = connection.getresponse()
            answer = json.loads(response.read())
            return response.status, answer, time.perf_counter() - started
        finally:
            connection.close()

    def wait_for(self, path: str, accept: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first body that *accept* takes, within 30 seconds: machines are busy."""
        deadline, body = time.monotonic() + 30, None
        while time.monotonic() < deadline:
            try:
                if accept(body := self.ask(path)[1]):
                    return body
            except ConnectionError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"{path} still answers {body}")

    def stop(self) -> None:
        """End it and wait for it."""
        self.process.terminate()
        self.process.wait(20)
