"""A shop whose event log is in the store that tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.connection import StoreSettings
from tests.pipelines.collect.shop_log import ShopLog


@pytest.fixture
def shop(tmp_path: Path, store_settings: StoreSettings) -> Iterator[ShopLog]:
    """An empty event log, and nothing collected; Great Expectations is off, as it takes seconds."""
    log = ShopLog(tmp_path, store_settings.url)
    yield log
    log.client.close()
