"""Ships the bytes: one `HSET` a bucket, pipelined, with bounded memory."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import redis
from tqdm import tqdm

from pipelines.publish.lists_directory import BucketedTable, ListsDirectory
from pipelines.publish.lock import PublisherLock
from pipelines.publish.settings import PublishSettings
from store.versions import utc_now


@dataclass
class Loaded:
    """What was shipped, and the rows that verification will ask back."""

    n_bytes: int = 0
    sample: list[tuple[BucketedTable, str, bytes]] = field(default_factory=list)


def load_tables(
    client: redis.Redis, lists: ListsDirectory, lock: PublisherLock, settings: PublishSettings
) -> Loaded:
    """Load everything of *lists* but the manifest, renewing *lock* on the way.

    Loading twice is harmless: a version's bytes never change.
    """
    loaded = Loaded()
    total = sum(table.n_rows for table in lists.tables())
    with tqdm(
        total=total, unit=" rows", desc="publish", disable=not sys.stderr.isatty()
    ) as progress:
        for table in lists.tables():
            for n_rows in _load_table(client, table, settings, loaded):
                lock.renew()
                progress.update(n_rows)
    _load_small_parts(client, lists)
    return loaded


def write_manifest(client: redis.Redis, lists: ListsDirectory) -> None:
    """The last key of a version; one that is already there keeps its moment."""
    text = json.dumps({**lists.manifest, "published_at": utc_now()}, ensure_ascii=False)
    client.set(lists.keys.manifest, text.encode("utf-8"), nx=True)


def _load_table(
    client: redis.Redis, table: BucketedTable, settings: PublishSettings, loaded: Loaded
) -> Iterator[int]:
    """Load one table; yields the number of rows after every pipeline that was answered."""
    share = settings.verify_sample / max(1, table.n_rows)
    pipeline = client.pipeline(transaction=False)
    n_rows = n_bytes = 0
    for buckets, ids, values in table.read():
        for place in _choose(len(ids), share):
            loaded.sample.append((table, ids[place], values[place]))
        for first, last in _same_bucket(buckets):
            pairs: list[str | bytes] = [b""] * (2 * (last - first))
            pairs[::2] = ids[first:last]
            pairs[1::2] = values[first:last]
            pipeline.hset(table.key(int(buckets[first])), items=pairs)
            n_rows += last - first
            n_bytes += sum(map(len, pairs))
            if n_bytes >= settings.batch_bytes:
                pipeline.execute()
                loaded.n_bytes += n_bytes
                yield n_rows
                n_rows = n_bytes = 0
    pipeline.execute()
    loaded.n_bytes += n_bytes
    yield n_rows


def _load_small_parts(client: redis.Redis, lists: ListsDirectory) -> None:
    pipeline = client.pipeline(transaction=False)
    for field_name, packed in lists.fallback().items():
        pipeline.hset(lists.keys.fallback, field_name, packed)
    for block, payload in lists.catalogue().items():
        pipeline.set(lists.keys.catalogue(block), payload)
    pipeline.execute()


def _same_bucket(buckets: np.ndarray[tuple[int], np.dtype[np.int32]]) -> Iterator[tuple[int, int]]:
    """First and last + 1 row of every run of equal buckets."""
    if len(buckets):
        yield from pairwise([0, *(np.flatnonzero(np.diff(buckets)) + 1).tolist(), len(buckets)])


def _choose(n_rows: int, share: float) -> list[int]:
    """Some of the places 0 … n_rows - 1, at least one, at random."""
    return random.sample(range(n_rows), min(n_rows, max(1, round(n_rows * share))))
