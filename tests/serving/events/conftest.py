"""An application whose clock the test moves, and what it has put into the stream."""

from datetime import UTC, datetime, timedelta

import pytest

from serving.app import create_app, open_shelf
from serving.events.app import EVENTS
from serving.settings import static_file
from serving.shelf.poller import Poller
from settings import Settings
from store.events import FIELD, unpack_event
from store.keys import NamespaceKeys
from tests.serving.conftest import Site

NOON = datetime(2018, 1, 2, 12, tzinfo=UTC)


class Moved:
    """A clock that stands still until it is moved."""

    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now

    def move(self, **span):
        """Later, or earlier."""
        self.now += timedelta(**span)


@pytest.fixture
def clock():
    """The service's clock."""
    return Moved()


@pytest.fixture
def open_events_site(store_settings, tmp_path, clock):
    """Opens applications with a clock of the test's and other tables of settings if asked."""
    opened = []

    def call(**tables):
        store = {"url": store_settings.url, "timeout_ms": 2000}
        settings = Settings(tmp_path / "nightshelf.toml", {"store": store, **tables}, {})
        shelf = open_shelf(settings)
        poller = Poller(shelf, every_s=0.05, static_path=static_file(settings))
        app = create_app(settings, shelf, clock=clock)
        site = Site(settings, shelf, poller, app.test_client())
        site.intake = app.extensions[EVENTS]
        opened.append(site)
        return site

    yield call
    for site in opened:
        site.intake.stop()
        site.shelf.close()


@pytest.fixture
def events_site(publish, open_events_site):
    """An application that has read a version."""
    publish()
    site = open_events_site()
    site.poller.poll()
    return site


@pytest.fixture
def stored(client):
    """Reads the events that are in the stream, in their order."""
    return lambda: [
        unpack_event(fields[FIELD])
        for _, fields in client.xrange(NamespaceKeys("demo").events, "-", "+")
    ]
