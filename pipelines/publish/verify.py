"""Whether the store holds what the run's files hold."""

from __future__ import annotations

import redis

from pipelines.publish.lists_directory import BucketedTable, ListsDirectory
from pipelines.publish.lock import PublisherLock
from store.keys import bucket_of

ASKED_AT_ONCE = 5000


def find_missing(client: redis.Redis, lists: ListsDirectory, lock: PublisherLock) -> str | None:
    """What of *lists* is not in the store, None when every part has its number of entries."""
    for table in lists.tables():
        if (found := _wrong_bucket(client, table, lock)) is not None:
            return found
    pipeline = client.pipeline(transaction=False)
    pipeline.hlen(lists.keys.fallback)
    blocks = lists.catalogue()
    for block in blocks:
        pipeline.strlen(lists.keys.catalogue(block))
    expected = [len(lists.fallback()), *map(len, blocks.values())]
    for name, found_n, expected_n in zip(
        ("fallback", *(f"catalogue block {b}" for b in blocks)),
        pipeline.execute(),
        expected,
        strict=True,
    ):
        if found_n != expected_n:
            return f"{name}: {found_n}; expected {expected_n}"
    return None


def find_difference(
    client: redis.Redis, sample: list[tuple[BucketedTable, str, bytes]], lock: PublisherLock
) -> str | None:
    """The first row of *sample* that a reader would not get byte for byte, None if all agree.

    It is asked for as a reader asks, by the bucket of the id.
    """
    for first in range(0, len(sample), ASKED_AT_ONCE):
        rows = sample[first : first + ASKED_AT_ONCE]
        pipeline = client.pipeline(transaction=False)
        for table, entity, _ in rows:
            pipeline.hget(table.key(bucket_of(entity, table.n_buckets)), entity)
        lock.renew()
        for (table, entity, expected), found in zip(rows, pipeline.execute(), strict=True):
            if found != expected:
                size = "nothing" if found is None else f"{len(found)} other bytes"
                return f"{table.path.name}, id {entity!r}: {size}; expected {len(expected)} bytes"
    return None


def _wrong_bucket(client: redis.Redis, table: BucketedTable, lock: PublisherLock) -> str | None:
    counts = table.count_by_bucket().tolist()
    for first in range(0, table.n_buckets, ASKED_AT_ONCE):
        expected = counts[first : first + ASKED_AT_ONCE]
        pipeline = client.pipeline(transaction=False)
        for bucket in range(first, first + len(expected)):
            pipeline.hlen(table.key(bucket))
        lock.renew()
        for bucket, found in enumerate(pipeline.execute(), first):
            if found != counts[bucket]:
                key = table.key(bucket)
                return f"{key}: {found} ids; {table.path.name} has {counts[bucket]}"
    return None
