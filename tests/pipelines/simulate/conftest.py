"""The made shop of the tests as a world of shoppers."""

from datetime import timedelta

import pytest

from pipelines.inputs import run_lake
from pipelines.simulate.settings import SimulateSettings
from pipelines.simulate.world import open_world
from tests.night_fixtures import SHOP_AS_OF


@pytest.fixture
def open_made_world(finished_night):
    """Opens the shop's world some days after its last event; *changes* are of `[simulate]`."""

    def call(seed, days=0, **changes):
        settings = SimulateSettings(history=timedelta(days=56), **changes)
        day = SHOP_AS_OF + timedelta(days=days)
        return open_world(run_lake(finished_night), day, settings, seed=seed, origin=SHOP_AS_OF)

    return call
