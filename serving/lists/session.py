"""What is next to the items that somebody looked at last: the tier that follows a click."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from store.packed import Entry, PackedList

LOOKED_AT = 5  # of the last items that are followed
FADE = 0.7  # what an item counts of the one looked at after it


def followed(item_ids: Sequence[str]) -> tuple[str, ...]:
    """The items whose neighbours are asked for: the last different ones, newest first."""
    return tuple(dict.fromkeys(item_ids))[:LOOKED_AT]


def merge(items: Sequence[str], similar: Mapping[str, PackedList]) -> list[Entry]:
    """The neighbours of *items* (newest first) as one list, best first, scores from 0 to 1.

    A neighbour of several counts the sum; the item that adds most is its reason.
    """
    best: dict[int, tuple[float, Entry]] = {}  # by item number: what most speaks for it
    total: dict[int, float] = {}
    weight, weights = 1.0, 0.0
    for item in items:
        weights += weight
        for entry in similar.get(item, ()):
            share = weight * entry.score
            total[entry.number] = total.get(entry.number, 0.0) + share
            if entry.number not in best or share > best[entry.number][0]:
                best[entry.number] = (share, entry)
        weight *= FADE
    order = sorted(total, key=lambda number: (-total[number], number))
    return [best[number][1]._replace(score=total[number] / weights) for number in order]
