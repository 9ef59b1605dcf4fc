"""The inputs that these tests damage."""

import pytest

from tests.quality.made_run import MadeInputs


@pytest.fixture
def inputs(tmp_path):
    """What a healthy run is made of, in a folder of its own."""
    return MadeInputs(tmp_path)
