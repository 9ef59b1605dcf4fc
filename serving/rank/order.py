"""The order of a caller's candidates: by the user's list, then vectors, then popularity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from serving.lists.shown import Shown

By = Literal["list", "vectors", "popularity"]


class Ranked(NamedTuple):
    """One candidate in its place; without score and reason where nothing is known of it."""

    item_id: str
    score: float | None
    by: By | None


def order(
    items: Sequence[str],
    stored: Mapping[str, float],
    products: Mapping[str, float],
    popular: Mapping[str, float],
) -> list[Ranked]:
    """*items* (each once), those of a group by falling score, equals in the caller's order.

    First what is in the user's list (*stored*), then what has a product of vectors, then what is
    popular, in the order of *popular* itself, then what nothing is known of, as it came.
    """
    listed: list[Ranked] = []
    multiplied: list[Ranked] = []
    liked: list[Ranked] = []
    rest: list[Ranked] = []
    for item in items:
        if item in stored:
            listed.append(Ranked(item, stored[item], "list"))
        elif item in products:
            multiplied.append(Ranked(item, products[item], "vectors"))
        elif item in popular:
            liked.append(Ranked(item, popular[item], "popularity"))
        else:
            rest.append(Ranked(item, None, None))
    places = {item: place for place, item in enumerate(popular)} if liked else {}
    listed.sort(key=_falling)
    multiplied.sort(key=_falling)
    liked.sort(key=lambda ranked: places[ranked.item_id])
    return [*listed, *multiplied, *liked, *rest]


def popularity(*lists: Iterable[Shown]) -> dict[str, float]:
    """Item id → score in the first of *lists* that has it, in the order of the lists."""
    found: dict[str, float] = {}
    for shared in lists:
        for shown in shared:
            found.setdefault(shown.row.item_id, shown.score)
    return found


def _falling(ranked: Ranked) -> float:
    return -(ranked.score or 0.0)
