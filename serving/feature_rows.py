"""Packed features from the store: what a version has, and the rows of some entities."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import redis

from serving.sight.trips import trip
from store.features import FeatureKind, PackedFeaturesError, load_kinds
from store.keys import VersionKeys, bucket_of

log = logging.getLogger("nightshelf.serving")


def read_kinds(manifest: Mapping[str, Any]) -> dict[str, FeatureKind]:
    """The kinds of entities of a version; none, and a line in the log, of another format.

    Its lists are shown all the same.
    """
    try:
        return load_kinds(manifest)
    except PackedFeaturesError as error:
        log.error("version %s is shown without %s", manifest["version"], error)
        return {}


def fetch_rows(
    client: redis.Redis, keys: VersionKeys, kind: FeatureKind, ids: Sequence[str]
) -> dict[str, bytes]:
    """The rows of those *ids* that have one, in one trip: a command a bucket.

    Raises what the client raises when the store does not answer.
    """
    by_bucket: dict[int, list[str]] = {}
    for entity_id in ids:
        by_bucket.setdefault(bucket_of(entity_id, kind.n_buckets), []).append(entity_id)
    prefix = keys.features_prefix(kind.name)
    pipeline = client.pipeline(transaction=False)
    for bucket, names in by_bucket.items():
        pipeline.hmget(f"{prefix}{bucket}", names)
    asked = chain.from_iterable(by_bucket.values())
    with trip("features"):
        rows = chain.from_iterable(pipeline.execute())
    return {name: row for name, row in zip(asked, rows, strict=True) if row is not None}
