"""Packed features from the store: the rows of some entities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

from store.features import FeatureKind
from store.keys import VersionKeys, bucket_of
from store.trip import Command

Ask = Callable[[Sequence[Command]], Sequence[Any]]


def fetch_rows(
    ask: Ask, keys: VersionKeys, kind: FeatureKind, ids: Sequence[str]
) -> dict[str, bytes]:
    """The rows of those *ids* that have one, in one trip: a command a bucket.

    Raises what the client raises when the store does not answer.
    """
    by_bucket: dict[int, list[str]] = {}
    for entity_id in ids:
        by_bucket.setdefault(bucket_of(entity_id, kind.n_buckets), []).append(entity_id)
    prefix = keys.features_prefix(kind.name)
    commands = [("HMGET", f"{prefix}{bucket}", *names) for bucket, names in by_bucket.items()]
    asked = chain.from_iterable(by_bucket.values())
    rows = chain.from_iterable(ask(commands))
    return {name: row for name, row in zip(asked, rows, strict=True) if row is not None}
