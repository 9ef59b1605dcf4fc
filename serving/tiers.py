"""Where items come from, in the order of `[serving] tiers`, until the answer is full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from serving.settings import Tier
from serving.shelf import OnShelf, Shelf
from serving.shown import Shown
from serving.snapshot import Snapshot
from serving.wish import Wish
from store.context import context_fields
from store.live import RecentEvent


@dataclass(frozen=True)
class Supply:
    """What there is for one request."""

    shelf: Shelf
    snapshot: Snapshot | None
    found: OnShelf

    def of(self, tier: Tier, wish: Wish) -> Iterable[Shown]:
        """What *tier* has for *wish*, best first; read only as far as needed.

        What the user had is left out if the request, or else the surface, says so; what was bought
        since the lists were made is left out unless the request says to keep it.
        """
        if self.snapshot is None:
            return self._static(wish.surface) if tier == "static" else ()
        if tier == "personal":
            offered = self._personal(self.snapshot, wish)
        elif tier == "session":
            offered = self._session(self.snapshot, wish)
        else:
            offered = self._shared(self.snapshot, tier, wish)
        if wish.seen:
            return offered
        if wish.seen is None and self.snapshot.repeats[wish.surface]:
            bought = {event.item_id for event in self._since(self.snapshot) if event.is_purchase}
            return (shown for shown in offered if shown.item_id not in bought)
        touched = {event.item_id for event in self.found.recent}
        return (shown for shown in offered if shown.item_id not in touched and not self._had(shown))

    def _since(self, snapshot: Snapshot) -> Iterator[RecentEvent]:
        """What the user did after the moment that the lists know of."""
        return (event for event in self.found.recent if event.at >= snapshot.as_of)

    def _session(self, snapshot: Snapshot, wish: Wish) -> Iterable[Shown]:
        """Items next to the last ones; asked for here, since most answers are full before."""
        last = [*(event.item_id for event in self.found.recent), *self.found.last_items]
        return self.shelf.near(snapshot, last, wish.offset + wish.n, self.found.segment)

    def _shared(self, snapshot: Snapshot, tier: Tier, wish: Wish) -> Iterable[Shown]:
        if tier == "static":
            return self._static(wish.surface)
        fields: Iterable[str] = (tier,)
        if tier == "segment":
            fields = (f"segment/{self.found.segment}",)
        elif tier == "context":
            fields = context_fields(snapshot.manifest.get("contexts", ()), wish.context)
        named = (snapshot.fallback.get(f"{wish.surface}/{field}", ()) for field in fields)
        return chain.from_iterable(named)

    def _had(self, shown: Shown) -> bool:
        if shown.had:
            return True
        if not self.found.had or self.snapshot is None:
            return False
        place = self.snapshot.had_places.get(shown.item_id)
        return place is not None and bool(self.found.had >> place & 1)

    def _personal(self, snapshot: Snapshot, wish: Wish) -> Iterable[Shown]:
        if self.found.packed is None:
            return ()
        stored = len(self.found.packed)
        needed = wish.offset + wish.n + len(wish.exclude)
        chunk = stored if wish.is_filtered or wish.seen is False else needed
        return self.shelf.resolve(snapshot, self.found.packed, chunk, self.found.segment)

    def _static(self, surface: str) -> Iterable[Shown]:
        # With a snapshot its own list, so that an answer is of one version as a whole.
        lists = self.shelf.static if self.snapshot is None else self.snapshot.static()
        return lists.surfaces.get(surface, ())


def fill(tiers: Sequence[Tier], supply: Supply, wish: Wish) -> list[tuple[Tier, Shown]]:
    """At most `wish.n` items after the first `wish.offset`, each with its tier, none twice.

    Two items of one title are the same item to a shopper.
    """
    offered = chain.from_iterable(
        ((tier, shown) for shown in supply.of(tier, wish)) for tier in tiers
    )
    distinct = _distinct(offered, wish, supply.shelf.hidden)
    return list(islice(distinct, wish.offset, wish.offset + wish.n))


def _distinct(
    offered: Iterable[tuple[Tier, Shown]], wish: Wish, hidden: frozenset[str]
) -> Iterator[tuple[Tier, Shown]]:
    seen: set[Any] = set()
    for tier, shown in offered:
        names = {("id", shown.item_id), ("title", shown.title or shown.item_id)}
        if wish.allows(shown) and shown.item_id not in hidden and not seen & names:
            seen |= names
            yield tier, shown
