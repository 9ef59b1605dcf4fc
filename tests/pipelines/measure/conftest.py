"""A shop for each test."""

import pytest

from tests.pipelines.measure.site import Site


@pytest.fixture
def site(tmp_path):
    """A shop without events yet."""
    return Site(tmp_path)
