"""The store and the finished night that tests share."""

from tests.night_fixtures import finished_night
from tests.shelf_fixtures import client, store_server, store_settings

__all__ = ["client", "finished_night", "store_server", "store_settings"]
