"""An application over the store that these tests share."""

from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient

from pipelines.publish import PublishSettings, publish_lists
from serving.app import create_app, open_shelf
from serving.settings import static_file
from serving.shelf.poller import Poller
from serving.shelf.shelf import Shelf
from settings import Settings
from store.connection import StoreSettings, connect_publisher
from tests.feature_fixtures import add_features
from tests.serving.running import Gunicorn
from tests.shelf_fixtures import make_lists


@dataclass
class Site:
    """A web process without its thread: the test decides when to poll."""

    settings: Settings
    shelf: Shelf
    poller: Poller
    http: FlaskClient

    def recs(self, path):
        """The body of a 200 answer to /recs/*path*."""
        response = self.http.get(f"/recs/{path}")
        assert (response.status_code, response.content_type) == (200, "application/json")
        return response.get_json()


@pytest.fixture
def publish(client, tmp_path):
    """Publishes made lists of a day."""

    def call(day=1, **more):
        directory = make_lists(tmp_path / f"lists-{day}-{more}", day=day, **more)
        return publish_lists(directory, client, "demo", PublishSettings(), allow_older=True)

    return call


@pytest.fixture
def open_site(store_settings, tmp_path):
    """Opens applications on the store, with other settings if asked; closes them."""
    opened = []

    def call(url=store_settings.url, *, timeout_ms=2000, **serving):
        # Of a test that is about answers: a busy machine must not make them others.
        tables = {"store": {"url": url, "timeout_ms": timeout_ms}, "serving": serving}
        settings = Settings(tmp_path / "nightshelf.toml", tables, {})
        shelf = open_shelf(settings)
        poller = Poller(shelf, every_s=0.05, static_path=static_file(settings))
        site = Site(settings, shelf, poller, create_app(settings, shelf).test_client())
        opened.append(site)
        return site

    yield call
    for site in opened:
        site.shelf.close()


@pytest.fixture
def site(publish, open_site):
    """An application that has read the first published version."""
    publish()
    site = open_site()
    site.poller.poll()
    return site


@pytest.fixture
def patient(store_settings):
    """The store's address for a reader that a busy machine does not put off."""
    return f"{store_settings.url}?socket_timeout=5"


@pytest.fixture(scope="module")
def port(store_server, tmp_path_factory):
    """The port of a gunicorn over a version with features, kept for all tests of a file."""
    folder = tmp_path_factory.mktemp("gunicorn")
    url = f"redis://127.0.0.1:{store_server.port}/0"
    with connect_publisher(StoreSettings(url=url)) as client:
        client.flushall()
        lists = add_features(make_lists(folder / "lists"))
        publish_lists(lists, client, "demo", PublishSettings())
    limits = '[limits]\nbody_pause = "2s"\n'
    gunicorn = Gunicorn(folder, f"{url}?socket_timeout=5", more=limits)
    gunicorn.wait_for("/features/user/u1", lambda body: "features" in body)
    yield gunicorn.port
    gunicorn.stop()


@pytest.fixture
def features_site(client, open_site, patient, tmp_path):
    """An application over a version with features."""
    publish_lists(add_features(make_lists(tmp_path / "lists")), client, "demo", PublishSettings())
    site = open_site(patient)
    site.poller.poll()
    return site
