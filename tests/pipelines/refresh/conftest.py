"""A finished night that is live in an empty store, and what was collected since."""

import pytest

from pipelines.publish import PublishSettings, publish_lists
from pipelines.runs import open_run
from tests.night_fixtures import copy_shop


@pytest.fixture(scope="session")
def shop(finished_night, tmp_path_factory):
    """Settings of a shop of these tests' own, with the finished night in it."""
    return copy_shop(finished_night.settings, tmp_path_factory.mktemp("refresh") / "shop")


@pytest.fixture
def run(shop, finished_night, client):
    """The run, its lists live."""
    run = open_run(shop, finished_night.id)
    publish_lists(run.path("lists"), client, "shop", PublishSettings())
    return run
