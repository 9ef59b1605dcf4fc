"""What the collector asks: records of the log that are of forgotten users are left out."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import redis

from pipelines.collect.source import Record
from pipelines.collected import Collected, open_collected
from pipelines.forgetting.tombstones import Forgotten
from settings import ProjectSettings, Settings
from settings.errors import NightshelfError
from store.connection import (
    StoreSettings,
    StoreUnreachableError,
    connect_operator,
    hide_password,
)
from store.events import user_of
from store.forgetting import forget_recents

log = logging.getLogger("nightshelf")


class LandingChangedError(NightshelfError):
    """The landing zone is another one than a batch was held against."""


def drop_records(records: Sequence[Record], forgotten: Forgotten) -> list[Record]:
    """*records* without those of forgotten users; a bad one is whosever its `user_id` says."""
    if not forgotten:
        return list(records)
    return [record for record in records if not _is_theirs(record.data, forgotten)]


def forget_again(settings: Settings, records: Sequence[Record], forgotten: Forgotten) -> None:
    """Deletes the last events in the store of the forgotten users whose *records* came in.

    A web process hears of a tombstone within a second; what it takes until then it notes as the
    last events of somebody of whom no table may ever know. Without the store they go by themselves.
    """
    users = forgotten.among(user_of(record.data) for record in records)
    if not users:
        return
    try:
        with connect_operator(settings.read(StoreSettings)) as client:
            forget_recents(client, settings.read(ProjectSettings).namespace, users)
    except (redis.RedisError, OSError, StoreUnreachableError) as error:
        log.warning(
            "collect: last events of %d forgotten users: %s", len(users), hide_password(str(error))
        )


def check_unchanged(settings: Settings, collected: Collected) -> None:
    """Raises `LandingChangedError` when the landing zone is not *collected* any more.

    Forgetting changes it while no collector can commit: what was read before must not come back.
    """
    if not is_unchanged(settings, collected):
        raise LandingChangedError("the landing zone was rewritten; read it again")


def is_unchanged(settings: Settings, collected: Collected) -> bool:
    """Whether the landing zone still is *collected*."""
    return bool(open_collected(settings).manifest == collected.manifest)


def _is_theirs(data: bytes, forgotten: Forgotten) -> bool:
    user_id = user_of(data)
    return user_id is not None and forgotten.has(user_id)
