"""The store that these tests share."""

from tests.shelf_fixtures import client, store_server, store_settings

__all__ = ["client", "store_server", "store_settings"]
