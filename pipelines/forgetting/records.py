"""What the collector asks: records of the log that are of forgotten users are left out."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.collect.source import Record
from pipelines.collected import Collected, open_collected
from pipelines.forgetting.tombstones import Forgotten
from settings import Settings
from settings.errors import NightshelfError
from store.events import user_of


class LandingChangedError(NightshelfError):
    """The landing zone is another one than a batch was held against."""


def drop_records(records: Sequence[Record], forgotten: Forgotten) -> list[Record]:
    """*records* without those of forgotten users; a bad one is whosever its `user_id` says."""
    if not forgotten:
        return list(records)
    return [record for record in records if not _is_theirs(record.data, forgotten)]


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
