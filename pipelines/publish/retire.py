"""Deletes versions that no reader can be on any more, by name and never by SCAN."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from itertools import islice

import redis

from pipelines.publish.errors import PublishError
from pipelines.publish.lock import publisher_lock
from pipelines.publish.settings import PublishSettings
from store.keys import NamespaceKeys
from store.pointer import read_active
from store.versions import (
    VersionRecord,
    change_version,
    forget_version,
    list_versions,
    read_version,
    utc_now,
)

KEYS_AT_ONCE = 1000


def clean_up(client: redis.Redis, namespace: str, *, keep: str) -> list[str]:
    """Delete what crashed publishers left behind, except *keep*; the versions deleted.

    Only the owner of the publisher lock may call this: it takes any version that is loading or
    retiring for abandoned.
    """
    live = read_active(client, namespace).version
    abandoned = [
        record
        for record in list_versions(client, namespace)
        if record.state != "ready" and record.version not in (keep, live)
    ]
    for record in abandoned:
        _delete(client, namespace, record)
    return [record.version for record in abandoned]


def retire_versions(
    client: redis.Redis, namespace: str, settings: PublishSettings, *, keep: str
) -> list[str]:
    """Delete the versions beyond the first K that stopped being active long enough ago.

    *keep* and the live version come first, then those that were live, the last one in front: what
    a gate refused or a hold kept back must not push out what one can go back to. The rest by age.
    Gives the versions that were deleted.
    """
    live = read_active(client, namespace).version
    ready = [record for record in list_versions(client, namespace) if record.state == "ready"]
    ready.sort(
        key=lambda r: (r.version in (keep, live), r.activation or 0, r.created), reverse=True
    )
    retired = []
    for place, record in enumerate(ready):
        if record.version == live:
            continue
        aged = _mark_inactive(client, namespace, record)
        due = place >= settings.keep_versions and _idle_s(aged) >= settings.retire_after_s
        if due and _retire(client, namespace, aged):
            retired.append(record.version)
    return retired


def retire_version(
    client: redis.Redis, namespace: str, version: str, settings: PublishSettings
) -> None:
    """Delete *version* now.

    Raises `PublishError` when readers are, or may still be, on it, and while somebody publishes:
    a night must not flip to a version that is being deleted.
    """
    with publisher_lock(client, namespace):
        _retire_if_idle(client, namespace, version, settings)


def _retire_if_idle(
    client: redis.Redis, namespace: str, version: str, settings: PublishSettings
) -> None:
    record = read_version(client, namespace, version)
    if record is None:
        raise PublishError(f"no version {version} in namespace {namespace}")
    if record.state == "loading":
        raise PublishError(f"version {version} is loading; the next publish cleans it up")
    if read_active(client, namespace).version == version:
        raise PublishError(f"version {version} is live; activate another one first")
    idle = _idle_s(_mark_inactive(client, namespace, record))
    if idle < settings.retire_after_s:
        known = record.deactivated_at is not None
        since = f"stopped being live {idle:.0f} s ago" if known else "was live, until when is lost"
        raise PublishError(
            f"version {version} {since}; readers may still be on it: try again in "
            f"{math.ceil(settings.retire_after_s - idle)} s"
        )
    if not _retire(client, namespace, record):
        raise PublishError(f"version {version} was activated meanwhile; it stays")


def _mark_inactive(client: redis.Redis, namespace: str, record: VersionRecord) -> VersionRecord:
    """Start the clock of a version that was live if a crash lost it: late rather than early."""
    if record.deactivated_at is not None or record.activation is None:
        return record
    return change_version(client, namespace, record.version, deactivated_at=utc_now())


def _idle_s(record: VersionRecord) -> float:
    """Seconds since *record* was live; infinite for one that never was."""
    if record.deactivated_at is None:
        return math.inf
    since = datetime.fromisoformat(record.deactivated_at)
    return (datetime.fromisoformat(utc_now()) - since).total_seconds()


def _retire(client: redis.Redis, namespace: str, record: VersionRecord) -> bool:
    """Delete *record*'s keys, unless somebody activated it after all; see `versions.activate`."""
    marked = change_version(client, namespace, record.version, state="retiring")
    if read_active(client, namespace).version == record.version:
        change_version(client, namespace, record.version, state="ready")
        return False
    _delete(client, namespace, marked)
    return True


def _delete(client: redis.Redis, namespace: str, record: VersionRecord) -> None:
    names = _keys_of(namespace, record)
    while batch := list(islice(names, KEYS_AT_ONCE)):
        pipeline = client.pipeline(transaction=False)
        for key in batch:
            pipeline.unlink(key)  # one key a command, so that it works on a cluster
        pipeline.execute()
    forget_version(client, namespace, record.version)


def _keys_of(namespace: str, record: VersionRecord) -> Iterator[str]:
    """Every key that *record* can own, its manifest first."""
    keys = NamespaceKeys(namespace).version(record.version)
    yield from (keys.manifest, keys.overlay_state, keys.fallback)
    for bucket in range(record.n_buckets):
        yield keys.users(bucket)
        for surface in record.surfaces:
            yield keys.explain(surface, bucket)
            for variant in record.variants:
                yield keys.lists(surface, variant, bucket)
                yield keys.overlay(surface, variant, bucket)
    for kind, n_buckets in record.features.items():
        yield from (keys.features(kind, bucket) for bucket in range(n_buckets))
    yield from (keys.similar(bucket) for bucket in range(record.similar_buckets))
    for kind, n_buckets in record.vectors.items():
        yield from (keys.vectors(kind, bucket) for bucket in range(n_buckets))
    yield from (keys.catalogue(block) for block in range(record.n_blocks))
