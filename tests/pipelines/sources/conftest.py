"""A till that delivers files."""

import pytest

from tests.pipelines.sources.till import Till


@pytest.fixture
def till(tmp_path):
    """An empty source that lets any share of rows be bad."""
    return Till(tmp_path, max_bad_share=1.0)
