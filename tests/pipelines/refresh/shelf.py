"""What the shelf of the made shop has for a user: the night's list, and the refreshed one."""

import redis

from store.keys import NamespaceKeys, bucket_of
from store.overlay import Overlay, unpack_overlay
from store.pointer import read_active
from store.versions import read_version


def night_of(client: redis.Redis, surface: str, user: str) -> bytes | None:
    """The packed list of the night."""
    keys, bucket = _place(client, user)
    return client.hget(keys.lists(surface, "default", bucket), user)


def refreshed_of(client: redis.Redis, surface: str, user: str) -> Overlay | None:
    """What was put before it."""
    keys, bucket = _place(client, user)
    data = client.hget(keys.overlay(surface, "default", bucket), user)
    return None if data is None else unpack_overlay(data)


def _place(client: redis.Redis, user: str):
    version = read_active(client, "shop").version
    record = read_version(client, "shop", version)
    return NamespaceKeys("shop").version(version), bucket_of(user, record.n_buckets)
