"""A shop with a night, published, of which `USER` left traces everywhere."""

import pytest

from settings import Settings
from tests.pipelines.forgetting.known import known_shop


@pytest.fixture
def shop(finished_night, tmp_path, store_settings) -> Settings:
    """A shop of its own, to be changed."""
    return known_shop(finished_night, tmp_path / "shop", store_settings)
