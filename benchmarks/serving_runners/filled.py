"""What the store holds: the lists as a night publishes them, and a body a user for the peers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import redis

from benchmarks.serving_runners.made_lists import NAMESPACE, SURFACE, VERSION, Size, write_lists
from pipelines.publish import PublishSettings, publish_lists
from store.keys import DEFAULT_VARIANT, NamespaceKeys, bucket_count
from store.live import RecentEvent, hide_items, note_event

BATCH = 500  # bodies a command
HIDDEN = 20  # items that nobody is shown
ACTIVE_EVERY = 20  # one user of so many did something since the lists were made
AFTER_AS_OF = 1_514_800_000.0  # seconds since 1970: the day after the lists' moment


def publish_made(client: redis.Redis, folder: Path, size: Size) -> dict[str, Any]:
    """Make and publish lists of *size*: seconds, and the bytes that the store takes for them.

    Bytes of the lists alone are what the store gives back when they are deleted; publishing
    again then restores them.
    """
    folder.mkdir()
    started = time.perf_counter()
    directory = write_lists(folder, size)
    made_s = time.perf_counter() - started
    empty = _used(client)
    seconds = publish_lists(directory, client, NAMESPACE, PublishSettings()).seconds
    full = _used(client)
    keys = NamespaceKeys(NAMESPACE).version(VERSION)
    prefix = keys.lists_prefix(SURFACE, DEFAULT_VARIANT)
    client.delete(*(f"{prefix}{bucket}" for bucket in range(bucket_count(size.users))))
    lists = full - _used(client)
    publish_lists(directory, client, NAMESPACE, PublishSettings())
    return {
        "made_s": round(made_s, 1),
        "publish_s": round(seconds, 2),
        "bytes_per_item": round(lists / (size.users * size.length), 2),
        "bytes_per_user": round((full - empty) / size.users),
    }


def live_by_day(client: redis.Redis, users: Sequence[str], n_items: int) -> None:
    """Some items are hidden, and some users did something: so it is by day."""
    hide_items(client, NAMESPACE, (f"item-{k * 7 % n_items:06d}" for k in range(HIDDEN)))
    for place, user in enumerate(users[::ACTIVE_EVERY]):
        item = f"item-{place * 31 % n_items:06d}"
        note_event(client, NAMESPACE, user, RecentEvent(AFTER_AS_OF, "view", item))


def store_bodies(client: redis.Redis, users: Sequence[str], body: bytes) -> None:
    """*body* under a key of each of *users*."""
    for first in range(0, len(users), BATCH):
        client.mset({f"body:{user}": body for user in users[first : first + BATCH]})


def _used(client: redis.Redis) -> int:
    """Bytes that the store holds, once what it frees beside its work is freed."""
    while (info := client.info("memory"))["lazyfree_pending_objects"]:
        time.sleep(0.05)
    return int(info["used_memory"])
