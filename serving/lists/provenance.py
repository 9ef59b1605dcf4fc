"""Where an answer came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any


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
        return now - self._published > after

    @cached_property
    def _published(self) -> datetime:
        return datetime.fromisoformat(str(self.published_at))


def provenance_of(manifest: Mapping[str, Any]) -> Provenance:
    """What an answer says about the version that *manifest* describes."""
    return Provenance(
        manifest["version"],
        manifest["model"],
        _zulu(manifest["as_of"]),
        _zulu(manifest["published_at"]),
    )


def _zulu(moment: str) -> str:
    """*moment*, naive UTC or with an offset, as UTC with a Z."""
    parsed = datetime.fromisoformat(moment)
    aware = parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    return aware.isoformat().replace("+00:00", "Z")
