"""Whose turn it is: how far the refreshes of a version have come with everybody's news.

Who waits longest comes first. Where more users have news than one refresh may do, the next one
goes on where it stopped; only when nobody is left does it look back for what came in late.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from store.overlay import OverlayState


@dataclass(frozen=True)
class Turn:
    """What the last refresh has left to do; moments are naive UTC."""

    looked_at: datetime  # everybody with news before it was looked at, but for late news
    next_from: datetime | None = None  # users were left, whose news came from then on
    begun: datetime | None = None  # the moment of the first refresh that left any

    @classmethod
    def of(cls, state: OverlayState) -> Turn:
        """As *state* has it; raises `ValueError` where a moment is none."""
        then = datetime.fromisoformat
        return cls(
            then(state.moment),
            None if state.next_from is None else then(state.next_from),
            None if state.begun is None else then(state.begun),
        )

    def since(self, as_of: datetime, overlap: timedelta) -> datetime:
        """From when on news count that the lists on the shelf, of *as_of*, may not know."""
        return self.next_from or max(as_of, self.looked_at) - overlap

    def after(self, moment: datetime, left_from: datetime | None) -> Turn:
        """After a refresh at *moment* that left users whose news came from *left_from* on."""
        begun = self.begun or moment
        if left_from is None:
            return Turn(begun)
        return Turn(self.looked_at, left_from, begun)

    def state(self, users: int, generation: int) -> OverlayState:
        """As the store keeps it."""
        return OverlayState(
            moment=self.looked_at.isoformat(),
            users=users,
            generation=generation,
            next_from=None if self.next_from is None else self.next_from.isoformat(),
            begun=None if self.begun is None else self.begun.isoformat(),
        )


def take_turns(found: Mapping[str, datetime], at_most: int) -> tuple[list[str], datetime | None]:
    """The first *at_most* of *found* (user → when the news came, in that order).

    And from when on the news of the others came. Who came at the same microsecond as the last one
    is taken too, so that the next refresh can go on with a moment.
    """
    if len(found) <= at_most:
        return list(found), None
    last = list(found.values())[at_most - 1]
    chosen = [user for user, came_at in found.items() if came_at <= last]
    left = list(found.values())[len(chosen) :]
    return chosen, left[0] if left else None
