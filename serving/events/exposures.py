"""Answers of `GET /recs`, logged as impressions by the server itself, as far as that goes.

Nothing waits for them: they are put together and appended once a second, and lost with the process
or the log. A browser knows better what was seen.
"""

from __future__ import annotations

import itertools
import secrets
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

from serving.events.check import no_one
from serving.events.clock import Clock, microseconds
from serving.events.identity import Numbering
from serving.lists.answer import identify
from serving.lists.provenance import Provenance
from serving.lists.tiers import Filled
from serving.lists.wish import Wish
from store.events import IMPRESSION, Event, ShownItem
from store.keys import DEFAULT_VARIANT
from store.recommendation import TAG_CHARACTERS

MOST = 20_000  # answers that wait; the oldest are lost
AT_ONCE = 100
PAGE_VIEW = "server-"  # what the page views of these impressions begin with
CONTEXT = '{"logged_by":"server"}'


class _Answer(NamedTuple):
    at: int
    wish: Wish
    filled: Filled
    provenance: Provenance


class Exposures:
    """Remembers answers until they are taken; ids are signed with *key*."""

    def __init__(
        self, key: bytes, clock: Clock, is_forgotten: Callable[[str], bool] = no_one
    ) -> None:
        self._key = key
        self._clock = clock
        self._is_forgotten = is_forgotten
        self._answers: deque[_Answer] = deque(maxlen=MOST)
        self._process = secrets.token_hex(8)
        self._count = itertools.count(1)

    def note(self, wish: Wish, filled: Filled, provenance: Provenance) -> None:
        """Remember an answer with items."""
        if filled:
            self._answers.append(_Answer(microseconds(self._clock()), wish, filled, provenance))

    def take(self) -> Iterator[list[Event]]:
        """What was noted by now, a hundred at a time, oldest first."""
        left = len(self._answers)
        while left > 0:
            n = min(left, AT_ONCE, len(self._answers))
            left -= max(n, 1)
            if n:
                events = [self._event(self._answers.popleft()) for _ in range(n)]
                if kept := [e for e in events if not self._is_forgotten(e.user_id)]:
                    yield kept

    def _event(self, answer: _Answer) -> Event:
        at, wish, filled, provenance = answer
        name = identify(self._key, wish, filled, provenance)
        event = Event(
            event_id="",
            event_type=IMPRESSION,
            user_id=wish.user_id or "",
            event_at=at,
            received_at=at,
            recommendation_id=name[-TAG_CHARACTERS:],
            page_view_id=f"{PAGE_VIEW}{self._process}-{next(self._count)}",
            context=CONTEXT,
            version=provenance.version,
            surface=wish.surface,
            variant=DEFAULT_VARIANT,
            items=tuple(
                ShownItem(shown.row.item_id, position, tier)
                for position, (tier, shown) in enumerate(filled, wish.offset + 1)
            ),
        )
        return replace(event, event_id=Numbering().derive(event))
