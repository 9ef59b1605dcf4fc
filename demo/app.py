"""The web app in the background, and questions to it."""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from demo.background import Background, is_running, start, stop, tail
from demo.errors import DemoError
from demo.ports import check_free
from serving.settings import ServingSettings
from serving.sight.settings import MetricsSettings
from settings import Settings
from settings.project import var_directory

STARTING_S = 30.0
ROOT = Path(__file__).resolve().parent.parent
ANYWHERE = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - where we ask, not where we bind


def start_app(
    settings: Settings, name: str = "app", variables: Mapping[str, str] | None = None
) -> str:
    """Start the app, anew if it runs, since code or settings may have changed; its URL.

    One of another *name* runs beside it; *variables* are what *settings* were read with beside
    the environment.

    Raises `DemoError` with the end of its log when it does not answer.
    """
    host, port = _address(settings)
    app = _background(settings, name)
    stop(app)
    check_ports(settings, name)
    environment = {**os.environ, **(variables or {}), "NIGHTSHELF_SETTINGS": str(settings.path)}
    gunicorn = ["-m", "gunicorn", "-c", "python:serving.gunicorn_config", "--chdir", str(ROOT)]
    start(app, [sys.executable, *gunicorn], environment)
    url = f"http://{ANYWHERE.get(host, host)}:{port}"
    deadline = time.monotonic() + STARTING_S
    while not _is_ready(url):
        if not is_running(app) or time.monotonic() > deadline:
            raise DemoError(f"the app does not answer on {url}:\n{tail(app)}")
        time.sleep(0.1)
    return url


def check_ports(settings: Settings, name: str = "app") -> None:
    """Raises `DemoError` naming a port that another program has; none while our app runs."""
    if is_running(_background(settings, name)):
        return
    host, port = _address(settings)
    remedy = "[serving] bind, or NIGHTSHELF__SERVING__BIND=127.0.0.1:8001"
    check_free(host.strip("[]"), port, "the app", remedy)
    metrics = settings.read(MetricsSettings)
    if metrics.enabled:
        host, _, number = metrics.bind.rpartition(":")
        remedy = "[metrics] bind, or NIGHTSHELF__METRICS__BIND=127.0.0.1:9465"
        check_free(host.strip("[]"), int(number), "the app's metrics", remedy)


def stop_app(settings: Settings, name: str = "app") -> bool:
    """Stop the app; whether it ran."""
    return stop(_background(settings, name))


def ask_for_lists(url: str, user: str, *, n: int, surface: str) -> dict[str, Any]:
    """The app's answer for *user*."""
    path = f"{url}/recs/{quote(user, safe='')}?n={n}&surface={surface}"
    with urllib.request.urlopen(path, timeout=10) as answer:  # noqa: S310 - our own app
        body: dict[str, Any] = json.load(answer)
    return body


def _background(settings: Settings, name: str) -> Background:
    return Background(name, var_directory(settings) / "app")


def _address(settings: Settings) -> tuple[str, int]:
    bind = settings.read(ServingSettings).bind
    host, _, port = bind.rpartition(":")
    if bind.startswith("unix:"):
        raise DemoError(f"[serving] bind = {bind}: the demo asks over TCP; write host:port")
    return host, int(port)


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health/ready", timeout=2):  # noqa: S310
            return True
    except OSError:
        return False
