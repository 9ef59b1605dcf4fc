"""Where items come from, in the order of `[serving] tiers`, until the answer is full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from serving.lists.shown import Shown
from serving.lists.wish import Wish
from serving.settings import Tier
from serving.shelf.on_shelf import OnShelf
from serving.shelf.shelf import Shelf
from serving.shelf.snapshot import Snapshot
from store.context import context_fields
from store.live import RecentEvent

Filled = list[tuple[Tier, Shown]]


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
        snapshot = self.snapshot
        if snapshot is None:
            return self._static(wish.surface) if tier == "static" else ()
        if tier == "personal":
            offered = self._personal(snapshot, wish)
        elif tier == "session":  # asked for here, since most answers are full before
            offered = self.shelf.near(snapshot, self.found, wish.offset + wish.n)
        else:
            offered = self._shared(snapshot, tier, wish)
        if wish.seen:
            return offered
        if wish.seen is None and snapshot.repeats[wish.surface]:
            if not self.found.recent:
                return offered
            bought = {event.item_id for event in self._since(snapshot) if event.is_purchase}
            return (shown for shown in offered if shown.row.item_id not in bought)
        touched = {event.item_id for event in self.found.recent}
        if tier == "personal":  # its entries say it themselves: no row has to be read
            return (s for s in offered if not s.had and s.row.item_id not in touched)
        return (
            shown
            for shown in offered
            if shown.row.item_id not in touched and not self._had(snapshot, shown)
        )

    def _since(self, snapshot: Snapshot) -> Iterator[RecentEvent]:
        """What the user did after the moment that the lists know of."""
        return (event for event in self.found.recent if event.at >= snapshot.as_of)

    def _shared(self, snapshot: Snapshot, tier: Tier, wish: Wish) -> Iterable[Shown]:
        if tier == "static":
            return self._static(wish.surface)
        if tier == "context":
            return self._context(snapshot, wish)
        field = f"segment/{self.found.segment}" if tier == "segment" else tier
        return snapshot.fallback.get(f"{wish.surface}/{field}", ())

    def _context(self, snapshot: Snapshot, wish: Wish) -> Iterator[Shown]:
        """What is popular in the situation of the request, one list after the other."""
        if wish.context:
            for field in context_fields(snapshot.manifest.get("contexts", ()), wish.context):
                yield from snapshot.fallback.get(f"{wish.surface}/{field}", ())

    def _had(self, snapshot: Snapshot, shown: Shown) -> bool:
        if shown.had:
            return True
        had = self.found.row.had
        if not had:
            return False
        place = snapshot.had_places.get(shown.row.item_id)
        return place is not None and bool(had >> place & 1)

    def _personal(self, snapshot: Snapshot, wish: Wish) -> Iterable[Shown]:
        stored = self.found.stored
        if stored is None or stored.packed is None:
            return ()
        needed = wish.offset + wish.n + len(wish.exclude)
        whole = wish.is_filtered or wish.seen is False
        return self.shelf.personal(snapshot, self.found, len(stored.packed) if whole else needed)

    def _static(self, surface: str) -> Iterable[Shown]:
        # With a snapshot its own list, so that an answer is of one version as a whole.
        lists = self.shelf.static if self.snapshot is None else self.snapshot.static
        return lists.surfaces.get(surface, ())


def fill(tiers: Sequence[Tier], supply: Supply, wish: Wish) -> Filled:
    """At most `wish.n` items after the first `wish.offset`, each with its tier, none twice.

    Two items of one title are the same item to a shopper.
    """
    wanted = wish.offset + wish.n
    hidden = supply.shelf.hidden
    chooses = wish.chooses
    names: set[str] = set()
    filled: Filled = []
    for tier in tiers:
        for shown in supply.of(tier, wish):
            row = shown.row
            name = row.name
            if name in names or row.item_id in hidden or (chooses and not wish.allows(shown)):
                continue
            names.add(name)
            filled.append((tier, shown))
            if len(filled) == wanted:
                return filled[wish.offset :]
    return filled[wish.offset :]
