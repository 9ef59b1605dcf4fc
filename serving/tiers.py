"""Where items come from, in the order of `[serving] tiers`, until the answer is full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, filterfalse, islice
from typing import Any

from serving.settings import Tier
from serving.shelf import OnShelf, Shelf, Snapshot
from serving.shown import Shown


@dataclass(frozen=True)
class Wish:
    """What a request asks for, checked."""

    user_id: str
    surface: str
    n: int
    exclude: frozenset[str]  # item ids
    categories: frozenset[str]  # empty: every category
    explain: bool = False  # whether to say what speaks for the first items

    def allows(self, shown: Shown) -> bool:
        """Whether *shown* passes the filters of the request."""
        return shown.item_id not in self.exclude and (
            not self.categories or shown.category in self.categories
        )


@dataclass(frozen=True)
class Supply:
    """What there is for one request."""

    shelf: Shelf
    snapshot: Snapshot | None
    found: OnShelf

    def of(self, tier: Tier, wish: Wish) -> Iterable[Shown]:
        """What *tier* has for *wish*, best first; read only as far as needed.

        Shared lists are without what the user had, the personal one was made without it.
        """
        if self.snapshot is None:
            return self._static(wish.surface) if tier == "static" else ()
        if tier == "personal":
            return self._personal(self.snapshot, wish)
        return filterfalse(self._had, self._shared(self.snapshot, tier, wish.surface))

    def _shared(self, snapshot: Snapshot, tier: Tier, surface: str) -> Iterable[Shown]:
        if tier == "static":
            return self._static(surface)
        field = f"segment/{self.found.segment}" if tier == "segment" else tier
        return snapshot.fallback.get(f"{surface}/{field}", ())

    def _had(self, shown: Shown) -> bool:
        if not self.found.had or self.snapshot is None:
            return False
        place = self.snapshot.had_places.get(shown.item_id)
        return place is not None and bool(self.found.had >> place & 1)

    def _personal(self, snapshot: Snapshot, wish: Wish) -> Iterable[Shown]:
        if self.found.packed is None:
            return ()
        filtered = len(self.found.packed) if wish.categories else len(wish.exclude)
        chunk = wish.n + filtered
        return self.shelf.resolve(snapshot, self.found.packed, chunk, self.found.segment)

    def _static(self, surface: str) -> Iterable[Shown]:
        # With a snapshot its own list, so that an answer is of one version as a whole.
        lists = self.shelf.static if self.snapshot is None else self.snapshot.static()
        return lists.surfaces.get(surface, ())


def fill(tiers: Sequence[Tier], supply: Supply, wish: Wish) -> list[tuple[Tier, Shown]]:
    """At most `wish.n` items, each with its tier, no id and no title twice."""
    offered = chain.from_iterable(
        ((tier, shown) for shown in supply.of(tier, wish)) for tier in tiers
    )
    return list(islice(_distinct(offered, wish), wish.n))


def _distinct(offered: Iterable[tuple[Tier, Shown]], wish: Wish) -> Iterator[tuple[Tier, Shown]]:
    seen: set[Any] = set()
    for tier, shown in offered:
        names = {("id", shown.item_id), ("title", shown.title or shown.item_id)}
        if wish.allows(shown) and not seen & names:
            seen |= names
            yield tier, shown
