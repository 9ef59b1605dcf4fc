"""One recommended item as an answer shows it, and where an answer came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from serving.catalogue import Row
from store.packed import Entry


class Shown(NamedTuple):
    """An item with everything that an answer says about it, but its rank and tier."""

    item_id: str
    score: float
    title: str
    category: str
    reason: dict[str, Any]  # code, text, item_id
    source: str
    had: bool = False  # whether the user had the item before; not shown


@dataclass(frozen=True)
class Provenance:
    """Which lists an answer was read from; nothing is known of the packaged empty one."""

    version: str | None
    model: str | None
    generated_at: str | None  # UTC, ISO with Z: the run's moment
    published_at: str | None  # UTC, ISO with Z: the wall clock

    def is_stale(self, after: timedelta, now: datetime) -> bool:
        """Whether these lists were published longer than *after* before *now*."""
        if self.published_at is None:
            return True
        return now - datetime.fromisoformat(self.published_at) > after


def provenance_of(manifest: Mapping[str, Any]) -> Provenance:
    """What an answer says about the version that *manifest* describes."""
    return Provenance(
        manifest["version"],
        manifest["model"],
        _zulu(manifest["as_of"]),
        _zulu(manifest["published_at"]),
    )


def show(
    entry: Entry, rows: Mapping[int, Row], manifest: Mapping[str, Any], segment: str | None
) -> Shown | None:
    """*entry* in words, None when its item is not among *rows* of the catalogue.

    *segment* is that of the user, or of those whom the list is for.
    """
    row = rows.get(entry.number)
    if row is None:
        return None
    about = None if entry.reason_item is None else rows.get(entry.reason_item)
    reason = manifest["reasons"][entry.reason]
    text = reason["text"].replace("{category}", row.category)
    text = text.replace("{segment}", segment or "your group")
    return Shown(
        row.item_id,
        round(entry.score, 6),
        row.title,
        row.category,
        {
            "code": reason["code"],
            "text": text.replace("{item}", about.title if about else "another item"),
            "item_id": about.item_id if about else None,
        },
        manifest["sources"][entry.source],
        entry.had,
    )


def _zulu(moment: str) -> str:
    """*moment*, naive UTC or with an offset, as UTC with a Z."""
    parsed = datetime.fromisoformat(moment)
    aware = parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    return aware.isoformat().replace("+00:00", "Z")
