"""What the store has for one user, as one request found it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from serving.shelf.stored import Stored, UserRow
from store.explained import Explained
from store.live import RecentEvent
from store.packed import PackedList


@dataclass
class OnShelf:
    """What the store has for one user: maybe nothing."""

    stored: Stored | None = None
    recent: tuple[RecentEvent, ...] = ()  # newest first
    session: tuple[str, ...] = ()  # items that the caller says were looked at, newest first
    explained: tuple[Explained, ...] = ()  # of the first items of the list, where asked for
    refreshed: str = ""  # digest of the refreshed list that stands in for the stored one
    lacks: bool = False  # whether something could not be read that should be there
    # What is next to items, where it was asked for beforehand; else it is asked for when needed.
    similar: Mapping[str, PackedList] | None = field(default=None, compare=False)

    @property
    def row(self) -> UserRow:
        """What the night knows of the user."""
        return UserRow() if self.stored is None else self.stored.row

    @property
    def segment(self) -> str | None:
        """The user's segment, where there is one."""
        return self.row.segment

    @property
    def is_known(self) -> bool:
        """Whether there is a list or a row of the user."""
        return self.stored is not None and (
            self.stored.packed is not None or self.stored.row_data is not None
        )

    def is_short(self, wanted: int) -> bool:
        """Whether the user's own list has fewer items than *wanted*."""
        packed = None if self.stored is None else self.stored.packed
        return packed is None or len(packed) < wanted

    @property
    def last_items(self) -> tuple[str, ...]:
        """What was looked at last, newest first."""
        return (*self.session, *(event.item_id for event in self.recent), *self.row.last_items)
