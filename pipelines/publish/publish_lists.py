"""Publishing: everything that happens between a run's lists and a reader's first sight of them.

Nothing a reader sees changes before the flip, and the flip is one script on one key.
Every step can be repeated, so a killed publish is finished by publishing again.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import redis

from pipelines.publish.errors import PublishError
from pipelines.publish.lists_directory import ListsDirectory, open_lists
from pipelines.publish.load import load_tables, write_manifest
from pipelines.publish.lock import PublisherLock, publisher_lock
from pipelines.publish.preflight import check_store
from pipelines.publish.retire import clean_up, retire_versions
from pipelines.publish.settings import PublishSettings
from pipelines.publish.verify import find_difference, find_missing
from store.connection import hide_password
from store.forgetting import forget_in_store
from store.pointer import Pointer, read_active
from store.tombstones import read_digests
from store.versions import (
    VersionRecord,
    change_version,
    flip_to,
    read_version,
    utc_now,
    write_version,
)

log = logging.getLogger("nightshelf")


@dataclass(frozen=True)
class Publication:
    """What came of a publish."""

    version: str
    activated: bool  # whether readers see this version now
    reason: str  # why, or why not
    n_users: int  # user rows of the version
    n_bytes: int  # shipped by this call, 0 when the lists were there already
    seconds: float
    details: tuple[str, ...] = ()  # of the reason, a line each


def publish_lists(
    lists_directory: Path,
    client: redis.Redis,
    namespace: str,
    settings: PublishSettings,
    *,
    activate: bool = True,
    allow_older: bool = False,
    judged: tuple[int, str] | None = None,
) -> Publication:
    """Load the lists of a run and, unless something speaks against it, show them to readers.

    Lists that are in the store already are counted, not shipped again; missing ones are restored.
    *judged*: generation of the pointer that a gate compared them with, and why it refuses them
    (empty: it does not); when the pointer has moved since then, they are not shown.
    Raises `PublishError` when the store cannot take the lists or does not hold them afterwards.
    """
    started = time.perf_counter()
    lists = open_lists(lists_directory, namespace, read_digests(client, namespace))
    try:
        with publisher_lock(client, namespace) as lock:
            before = read_active(client, namespace)
            n_bytes = _load_unless_there(client, namespace, lists, lock, settings)
            _forget_late(client, namespace, lists)
            activated, reason = _show(
                client,
                namespace,
                lists,
                before,
                activate=activate,
                allow_older=allow_older,
                judged=judged or (before.generation, ""),
            )
            retired = retire_versions(client, namespace, settings, keep=lists.version)
    except redis.RedisError as error:
        raise PublishError(
            f"the store failed while publishing {lists.version}: {hide_password(str(error))}; "
            "publish again when it answers"
        ) from error
    n_users, seconds = lists.tables()[-1].n_rows, time.perf_counter() - started
    log.info(
        "publish: %s, %s; %d users, %d bytes shipped, %d versions retired, %.2f s",
        lists.version, reason, n_users, n_bytes, len(retired), seconds,
    )  # fmt: skip
    return Publication(lists.version, activated, reason, n_users, n_bytes, seconds)


def _forget_late(client: redis.Redis, namespace: str, lists: ListsDirectory) -> None:
    """Take off the shelf who was forgotten while *lists* were being loaded."""
    for user_id in lists.ids_of(read_digests(client, namespace) - lists.forgotten):
        forget_in_store(client, namespace, user_id)


def _load_unless_there(
    client: redis.Redis,
    namespace: str,
    lists: ListsDirectory,
    lock: PublisherLock,
    settings: PublishSettings,
) -> int:
    """Make *lists* a complete, ready version; the number of bytes shipped for it."""
    clean_up(client, namespace, keep=lists.version)
    record = read_version(client, namespace, lists.version)
    if record is not None and record.n_buckets != lists.n_buckets:
        raise PublishError(
            f"version {lists.version} is in the store with {record.n_buckets} buckets, these "
            f"lists have {lists.n_buckets}: different lists must not reuse a version id"
        )
    complete = client.exists(lists.keys.manifest) and not find_missing(client, lists, lock)
    if record is not None and record.state == "ready" and complete:
        return 0
    check_store(client, lists, settings)
    _write_record(client, namespace, lists, record)
    loaded = load_tables(client, lists, lock, settings)
    write_manifest(client, lists)
    wrong = find_missing(client, lists, lock) or find_difference(client, loaded.sample, lock)
    if wrong is not None:
        raise PublishError(f"the store does not hold what was loaded: {wrong}; publish again")
    change_version(client, namespace, lists.version, state="ready")
    return loaded.n_bytes


def _write_record(
    client: redis.Redis, namespace: str, lists: ListsDirectory, found: VersionRecord | None
) -> None:
    """Announce the version; one that readers may be on stays ready while it is restored."""
    if found is not None:
        if found.state != "ready":
            change_version(client, namespace, lists.version, state="loading")
        return
    blocks = lists.catalogue()
    record = VersionRecord(
        version=lists.version,
        state="loading",
        n_buckets=lists.n_buckets,
        n_blocks=max(blocks, default=-1) + 1,
        surfaces=lists.surfaces,
        variants=tuple(lists.manifest["variants"]),
        as_of=lists.manifest["as_of"],
        created=utc_now(),
        features={kind.name: kind.n_buckets for kind in lists.feature_kinds},
        similar_buckets=lists.similar_buckets,
        vectors=lists.vector_buckets,
    )
    write_version(client, namespace, record)


def _show(
    client: redis.Redis,
    namespace: str,
    lists: ListsDirectory,
    before: Pointer,
    *,
    activate: bool,
    allow_older: bool,
    judged: tuple[int, str],
) -> tuple[bool, str]:
    """Flip if it may; whether *lists* are live now, and why."""
    if before.version == lists.version:
        return True, f"already live{', and held: ' + before.hold if before.hold else ''}"
    if not activate:
        return False, "loaded, not activated, as asked"
    if before.hold is not None:
        return False, f"loaded, not activated: a hold is set: {before.hold}"
    live = None if before.version is None else read_version(client, namespace, before.version)
    if live is not None and lists.as_of < datetime.fromisoformat(live.as_of) and not allow_older:
        return False, (
            f"loaded, not activated: its moment {lists.manifest['as_of']} is older than "
            f"{live.as_of} of the live version; allow older lists, or activate it by name"
        )
    generation, refusal = judged
    if refusal and generation == before.generation:
        return False, refusal
    move = flip_to(client, namespace, lists.version, expected=generation)
    if move.done or move.pointer.version == lists.version:  # an answer may have been lost
        return True, "activated"
    return False, f"loaded, not activated: {move.reason}; publish again"
