"""A shop of one's own with a finished night, and a store that starts empty."""

import shutil

import pytest

from pipelines.registry.register import register_run
from pipelines.registry.registry import models_directory
from pipelines.runs import open_run
from tests.night_fixtures import copy_shop


@pytest.fixture
def night(finished_night, tmp_path, client):
    """The finished night in a copy of its shop, its model registered, nothing live."""
    client.ping()
    settings = copy_shop(finished_night.settings, tmp_path / "shop")
    shutil.rmtree(models_directory(settings))  # other tests have published the shared night
    run = open_run(settings, finished_night.id)
    register_run(run)
    return run
