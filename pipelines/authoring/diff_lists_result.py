"""What a diff of lists found: figures, lists and examples, for a page, a terminal, a program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from pipelines.evaluation.paired import PairedFigure


@dataclass(frozen=True, kw_only=True)
class ListChange:
    """How the lists of some users differ: means over the users."""

    users: int
    overlap_10: float  # share of the first ten that both have
    overlap_20: float
    same: float  # share of users whose first 20 are the same in the same order
    moved: float | None  # places that an item on both lists moved, on average


@dataclass(frozen=True)
class ShownItem:
    """An item as people read it; titles alone are not always told apart."""

    item_id: str
    title: str

    def named(self, width: int | None = None) -> str:
        """Its title, cut at *width*, and its id."""
        return f"{self.title[:width]} {self.item_id}" if self.title else self.item_id


@dataclass(frozen=True, kw_only=True)
class ShownUser:
    """The first items of one user's lists, then and now."""

    meaning: str
    user_id: str
    segment: str
    then: Sequence[ShownItem]
    now: Sequence[ShownItem]


@dataclass(frozen=True, kw_only=True)
class SurfaceDiff:
    """What the changed files would do on one surface.

    A floor is the same of the files of then, trained once more with another seed: what a training
    that changes nothing gives.
    """

    surface: str
    figures: Mapping[str, PairedFigure]  # by metric; live is then, tonight is now
    figures_floor: Mapping[str, PairedFigure]
    figures_again: Mapping[str, PairedFigure]  # live is then with another seed, tonight is now
    lists: ListChange
    lists_floor: ListChange
    overlap: PairedFigure | None  # overlap@10, user by user: live is retrained, tonight is now
    segments: Mapping[str, ListChange]
    segments_floor: Mapping[str, ListChange]
    gained: Sequence[tuple[ShownItem, int]]  # how many more lists have it among the first ten
    lost: Sequence[tuple[ShownItem, int]]
    importance: Mapping[str, tuple[float | None, float | None]]  # of columns of changed tables
    shown: Sequence[ShownUser]


@dataclass(frozen=True, kw_only=True)
class ListsDiff:
    """All surfaces, and on what they were compared."""

    run: str
    users: int  # in the sample
    known_users: int  # that a sample could have
    window: tuple[datetime, datetime]  # whose labels judge
    night: datetime  # of the lists
    surfaces: Sequence[SurfaceDiff]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
