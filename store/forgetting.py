"""Takes everything of one user off the shelf: fields of hashes by bucket, never by SCAN."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import redis

from store.events import FIELD, user_of
from store.features import kind_of
from store.keys import NamespaceKeys, bucket_of
from store.pointer import read_active
from store.vectors import kind_of_vectors
from store.versions import VersionRecord, list_versions

USER_KIND = kind_of("user_id")  # of the features of users
ENTRIES_AT_ONCE = 1000  # of the event stream that are read in one trip
FIELDS_AT_ONCE = 1000


def forget_in_store(client: redis.Redis, namespace: str, user_id: str) -> int:
    """Delete what every kept version has of *user_id*, and the last events; how much there was.

    Entries of the event stream may be on another server: `forget_entries`.
    """
    return sum(1 for _ in _delete_fields(client, namespace, user_id)) + int(
        client.delete(NamespaceKeys(namespace).recent(user_id))
    )


def forget_recents(client: redis.Redis, namespace: str, user_ids: Iterable[str]) -> None:
    """Delete the last events of *user_ids* alone."""
    keys = NamespaceKeys(namespace)
    for user_id in user_ids:
        client.delete(keys.recent(user_id))


def is_user_vectors(kind: str) -> bool:
    """Whether vectors of *kind* are those of users."""
    return kind.endswith(kind_of_vectors("", "user"))


def fields_of(namespace: str, record: VersionRecord, user_id: str) -> Iterator[str]:
    """Every hash of *record* that may have a field *user_id*."""
    keys = NamespaceKeys(namespace).version(record.version)
    bucket = bucket_of(user_id, record.n_buckets)
    yield keys.users(bucket)
    for surface in record.surfaces:
        yield keys.explain(surface, bucket)
        for variant in record.variants:
            yield keys.lists(surface, variant, bucket)
            yield keys.overlay(surface, variant, bucket)
    if USER_KIND in record.features:
        yield keys.features(USER_KIND, bucket_of(user_id, record.features[USER_KIND]))
    for kind in filter(is_user_vectors, record.vectors):
        yield keys.vectors(kind, bucket_of(user_id, record.vectors[kind]))


def forget_entries(client: redis.Redis, namespace: str, is_theirs: Callable[[str], bool]) -> int:
    """Delete the entries of the event stream whose user *is_theirs*; how many there were.

    Reads the stream once, a page at a time, up to what was its end when this was called; entries
    that are added meanwhile are refused by the web process. One that is no event stays.
    """
    key = NamespaceKeys(namespace).events
    newest: Any = client.xrevrange(key, count=1)
    deleted, start = 0, b"-"
    while newest and (page := _read_page(client, key, start, newest[0][0])):
        theirs = [entry for entry, fields in page if _is_of(fields, is_theirs)]
        if theirs:
            deleted += int(client.xdel(key, *theirs))
        start = b"(" + page[-1][0]
    return deleted


def _read_page(
    client: redis.Redis, key: str, start: bytes, end: bytes
) -> list[tuple[bytes, dict[bytes, Any]]]:
    page: Any = client.xrange(key, min=start, max=end, count=ENTRIES_AT_ONCE)
    found: list[tuple[bytes, dict[bytes, Any]]] = page
    return found


def _delete_fields(client: redis.Redis, namespace: str, user_id: str) -> Iterator[str]:
    """The hashes that had a field of the user, which is gone then."""
    live = read_active(client, namespace).version
    records = sorted(list_versions(client, namespace), key=lambda r: r.version != live)
    names = iter([key for record in records for key in fields_of(namespace, record, user_id)])
    while batch := list(islice(names, FIELDS_AT_ONCE)):
        pipeline = client.pipeline(transaction=False)
        for key in batch:
            pipeline.hdel(key, user_id)
        found = pipeline.execute()
        yield from (key for key, deleted in zip(batch, found, strict=True) if deleted)


def _is_of(fields: dict[bytes, Any], is_theirs: Callable[[str], bool]) -> bool:
    user_id = user_of(fields.get(FIELD, b""))
    return user_id is not None and is_theirs(user_id)
