"""What a recommendation id says of the items of an event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from serving.events.members import missing, read_id, read_position, wrong
from serving.events.problem import EventProblem
from store.events import ShownItem
from store.recommendation import Recommendation, RecommendationIdError
from store.recommendation import read_id as read_recommendation

MAX_ITEMS = 1000  # of an impression


@dataclass
class Recommendations:
    """Reads the ids of one request, each once; they were signed with *key*."""

    key: bytes
    _read: dict[str, Recommendation] = field(default_factory=dict)

    def of(self, event: Mapping[str, Any], user_id: str | None) -> Recommendation | None:
        """The recommendation that *event* names, None when it names none.

        Raises `EventProblem` for an id that is not this service's, or another user's.
        """
        text = event.get("recommendation_id")
        if text is None:
            return None
        if not isinstance(text, str):
            raise wrong("recommendation_id", text, "the recommendation_id of an answer")
        found = self._read.get(text)
        if found is None:
            try:
                found = self._read[text] = read_recommendation(self.key, text)
            except RecommendationIdError as error:
                raise EventProblem("recommendation", f"recommendation_id: {error}") from None
        # One that was made for nobody (of a session, of what is next to an item) is anybody's.
        if found.user_digest and not found.is_for(user_id):
            raise EventProblem(
                "recommendation",
                "recommendation_id: it was made for another user; expected the user_id that the "
                "answer was asked for",
            )
        return found


def place_of(made: Recommendation, item_id: str) -> ShownItem:
    """Where *item_id* stands in *made*; raises `EventProblem` when it does not."""
    for position, item in enumerate(made.items, made.offset + 1):
        if item.item_id == item_id:
            return ShownItem(item_id, position, item.tier, item.propensity)
    raise EventProblem("recommendation", "item_id: it is not among the items of the recommendation")


def items_of(made: Recommendation, said: Any) -> tuple[ShownItem, ...]:
    """The items of *made* that were seen: all, or those that `items` of an impression names.

    By their position in the whole list, or by item id with the position at which they were shown.
    """
    if said is None:
        return tuple(place_of(made, item.item_id) for item in made.items)
    if not isinstance(said, list) or not 1 <= len(said) <= MAX_ITEMS:
        raise wrong("items", said, f"a list of 1 to {MAX_ITEMS} positions or objects")
    shown = [_item(made, value, f"items[{place}]") for place, value in enumerate(said)]
    return tuple({item.position: item for item in shown}.values())


def _item(made: Recommendation, value: Any, name: str) -> ShownItem:
    if not isinstance(value, dict):
        position = read_position(value, name)
        first, last = made.offset + 1, made.offset + len(made.items)
        if position is None or not first <= position <= last:
            raise wrong(name, value, f"a position of the recommendation, {first} to {last}")
        item = made.items[position - first]
        return ShownItem(item.item_id, position, item.tier, item.propensity)
    if unknown := sorted(value.keys() - {"item_id", "position"}):
        raise wrong(f"{name}.{unknown[0][:100]}", value[unknown[0]], "only item_id and position")
    item_id = read_id(value, "item_id")
    if item_id is None:
        raise missing(f"{name}.item_id", "the id of an item of the recommendation")
    found = place_of(made, item_id)
    position = read_position(value.get("position"), f"{name}.position")
    if position is None:
        return found
    return ShownItem(item_id, position, found.tier, found.propensity)
