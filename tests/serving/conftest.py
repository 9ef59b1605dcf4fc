"""An application over the store that these tests share."""

from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient

from pipelines.publish import PublishSettings, publish_lists
from serving import create_app, open_shelf
from serving.poller import Poller
from serving.settings import static_file
from serving.shelf import Shelf
from settings import Settings
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

    def call(url=store_settings.url, **serving):
        tables = {"store": {"url": url}, "serving": serving}
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
