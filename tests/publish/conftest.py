"""Made lists, and publishing them into the store of the test."""

import pytest

from pipelines.publish import publish_lists
from tests.publish.in_store import SETTINGS
from tests.shelf_fixtures import make_lists


@pytest.fixture
def lists(tmp_path):
    """Lists of a made run, by day."""
    return lambda day, **more: make_lists(tmp_path / f"{day}-{more}", day=day, **more)


@pytest.fixture
def publish(client):
    """`publish_lists` into the test's store."""

    def call(directory, settings=SETTINGS, **more):
        return publish_lists(directory, client, "demo", settings, **more)

    return call
