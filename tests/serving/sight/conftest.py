"""A published version and a gunicorn over it that exports metrics."""

import pytest

from pipelines.publish import PublishSettings, publish_lists
from tests.serving.running import Gunicorn
from tests.shelf_fixtures import make_lists


@pytest.fixture
def gunicorn(client, store_settings, tmp_path):
    """Starts a gunicorn over a version with neighbours; ended afterwards."""
    publish_lists(make_lists(tmp_path / "lists", similar=5), client, "demo", PublishSettings())
    started = []

    def start(more="", **options):
        url = f"{store_settings.url}?socket_timeout=5"
        started.append(Gunicorn(tmp_path, url, more=more, **options))
        started[-1].wait_for("/recs/u1", lambda body: body["served_by"] == "personal")
        return started[-1]

    yield start
    for server in started:
        server.stop()
