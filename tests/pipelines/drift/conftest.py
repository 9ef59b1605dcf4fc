"""A namespace for nights that drift."""

import random

import pytest

from tests.pipelines.drift.nights import Nights


@pytest.fixture
def nights(tmp_path):
    """Nights whose shoppers come from a seed that is printed."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    return Nights(tmp_path, seed)
