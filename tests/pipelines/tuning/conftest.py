"""A shop of its own with a finished night, so that studies leave no trace in the shared one."""

import pytest

from pipelines.runs import open_run
from pipelines.tuning.window import open_tuning_window
from tests.night_fixtures import copy_shop


@pytest.fixture
def shop(finished_night, tmp_path):
    """Settings of a copied shop whose night is finished."""
    return copy_shop(finished_night.settings, tmp_path / "shop")


@pytest.fixture
def run(shop, finished_night):
    """The copied shop's run."""
    return open_run(shop, finished_night.name)


@pytest.fixture
def window(run):
    """What trials are judged on, on the surface that may repeat."""
    return open_tuning_window(run, "home")
