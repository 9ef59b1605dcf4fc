"""The store and the two apps of the loop: started, and stopped whatever happens."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from demo.app import ask_for_lists, start_app, stop_app
from demo.errors import DemoError
from settings import Settings, load_settings
from settings.project import var_directory
from store import embedded

SETTINGS = Path(__file__).with_name("nightshelf.toml")
# The same app, which shows everybody what sells now, with other ports of its own.
CONTROL = "control"
CONTROL_VARIABLES = {
    "NIGHTSHELF__SERVING__TIERS": '["trending", "static"]',
    "NIGHTSHELF__SERVING__BIND": "127.0.0.1:8012",
    "NIGHTSHELF__METRICS__BIND": "127.0.0.1:9466",
}
_SHOWN_WITHIN_S = 20.0
_ANYBODY = "somebody"


class Apps(NamedTuple):
    """Where the app and the one of the control group answer."""

    url: str
    control_url: str


def open_loop(file: Path | None = None) -> Settings:
    """The settings of the loop."""
    return load_settings(file or SETTINGS)


def start_store(settings: Settings) -> None:
    """An empty store, and nothing left of an earlier loop."""
    leave_nothing(settings)
    shutil.rmtree(var_directory(settings), ignore_errors=True)
    print(f"store: {embedded.start(embedded.embedded_store(settings))}", flush=True)


def start_apps(settings: Settings) -> Apps:
    """Both apps, answering."""
    control = _control_settings(settings)
    return Apps(start_app(settings), start_app(control, CONTROL, CONTROL_VARIABLES))


def leave_nothing(settings: Settings) -> None:
    """Stop what runs of the loop; what does not end keeps nothing else up."""
    with ExitStack() as last_to_first:
        last_to_first.callback(embedded.stop, embedded.embedded_store(settings))
        last_to_first.callback(stop_app, settings)
        last_to_first.callback(stop_app, _control_settings(settings), CONTROL)


def wait_for(apps: Apps, version: str, surface: str) -> None:
    """Until both apps show *version*. Raises `DemoError` when they do not."""
    for url in apps:
        deadline = time.monotonic() + _SHOWN_WITHIN_S
        while (found := ask_for_lists(url, _ANYBODY, n=1, surface=surface)["version"]) != version:
            if time.monotonic() > deadline:
                raise DemoError(f"{url} still shows {found}, not {version}; see its log")
            time.sleep(0.1)


def _control_settings(settings: Settings) -> Settings:
    variables: Mapping[str, str] = {**os.environ, **CONTROL_VARIABLES}
    return load_settings(settings.path, variables)
