"""The id of an event whose sender gave it none, as ingest derives it for rows of files."""

from __future__ import annotations

import hashlib
from collections import Counter

from store.events import IMPRESSION, SOURCE, Event

_BETWEEN = "\x1f"


class Numbering:
    """Counts identical events of one request: the n-th is an event of its own."""

    def __init__(self) -> None:
        self._seen: Counter[tuple[object, ...]] = Counter()

    def derive(self, event: Event) -> str:
        """64 hex digits; of an impression the same for the same items of the same page view."""
        if event.event_type == IMPRESSION:
            shown = (str(event.recommendation_id), str(event.page_view_id), event.user_id)
            # What comes into the window later is sent by itself, and is no second try.
            seen = sorted((item.position, item.item_id) for item in event.items)
            items = (part for place, item_id in seen for part in (str(place), item_id))
            return _digest(SOURCE, IMPRESSION, *shown, *items)
        parts = (event.user_id, str(event.item_id), event.event_type, str(event.event_at))
        session = event.session_id or ""
        self._seen[(*parts, session)] += 1
        return _digest(SOURCE, *parts, session, str(self._seen[(*parts, session)]))


def _digest(*parts: str) -> str:
    return hashlib.sha256(_BETWEEN.join(parts).encode("utf-8", "surrogatepass")).hexdigest()
