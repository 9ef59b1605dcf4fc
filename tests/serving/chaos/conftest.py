"""Two versions in a store of the test's own, the real gunicorn over it, and clients that ask."""

from dataclasses import dataclass

import pytest

from benchmarks.chaos_runners.clients import Load
from benchmarks.chaos_runners.scenarios import is_personal
from benchmarks.chaos_runners.site import Site
from pipelines.publish import PublishSettings, publish_lists
from store.connection import StoreSettings, connect_publisher
from tests.shelf_fixtures import make_lists
from tests.store_servers import Server, ended

N_USERS, CLIENTS = 50, 6


@dataclass
class Stage:
    """What a test plays on."""

    store: Server
    site: Site
    publish: object

    def load(self):
        """Clients that ask for every user's list."""
        return load_of(self.site)


def load_of(site):
    """Clients that ask for every user's list."""
    return Load(site.address, [f"/recs/u{k}?n=5" for k in range(N_USERS)], clients=CLIENTS)


def publish_days(url, folder, days=(1, 2)):
    """Publish the made lists of *days*; their versions."""
    versions = []
    with connect_publisher(StoreSettings(url=url)) as client:
        for day in days:
            lists = folder / f"lists-{day}"
            if not lists.exists():
                make_lists(lists, day=day, n_users=N_USERS)
            settings = PublishSettings()
            versions.append(publish_lists(lists, client, "demo", settings).version)
    return versions


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """A store with two versions and a gunicorn over it, both well whenever a test begins."""
    folder = tmp_path_factory.mktemp("chaos")
    with ended(Server(folder)) as store:
        url = f"redis://127.0.0.1:{store.port}/0"
        publish_days(url, folder)
        with ended(Site(folder, url)) as site:
            site.wait_until_ready()
            stage = Stage(store, site, lambda: publish_days(url, folder))
            with stage.load() as load:
                assert load.wait_for(is_personal, 100, 30)
            yield stage
