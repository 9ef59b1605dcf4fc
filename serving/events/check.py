"""From what a request says to events: each is checked for itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from werkzeug.exceptions import BadRequest

from serving.events.clock import MomentError, microseconds, read_moment, spell
from serving.events.identity import Numbering
from serving.events.members import (
    missing,
    read_context,
    read_id,
    read_number,
    read_position,
    wrong,
)
from serving.events.problem import EventProblem
from serving.events.settings import IntakeSettings
from serving.events.shown import Recommendations, items_of, place_of
from serving.manners.bodies import check_values
from serving.manners.problems import ParameterProblem
from settings.durations import format_duration
from store.events import IMPRESSION, Event, ShownItem

COMMON = (
    "event_type",
    "user_id",
    "event_at",
    "event_id",
    "session_id",
    "recommendation_id",
    "page_view_id",
    "context",
)
OF_ACTIONS = (*COMMON, "item_id", "value", "quantity", "position")
OF_IMPRESSIONS = (*COMMON, "items")


FORGOTTEN = "user_id: this user was forgotten; expected another id, if the person came back"


def no_one(user_id: str) -> bool:
    """Nobody is forgotten."""
    return False


class Rejected(NamedTuple):
    """An event that is not taken in."""

    place: int  # in the request
    problem: EventProblem


@dataclass(frozen=True)
class Checker:
    """Knows which events there are; recommendation ids were signed with *key*."""

    types: tuple[str, ...]  # of actions
    settings: IntakeSettings
    key: bytes
    is_forgotten: Callable[[str], bool] = no_one  # of whom nothing is taken in

    def check(
        self, said: Sequence[Any], received_at: datetime
    ) -> tuple[list[Event], list[Rejected]]:
        """The good ones of *said*, in their order, and what is wrong with the others."""
        events: list[Event] = []
        rejected: list[Rejected] = []
        made, numbering = Recommendations(self.key), Numbering()
        for place, raw in enumerate(said):
            try:
                event = self._event(raw, received_at, made)
                if self.is_forgotten(event.user_id):
                    raise EventProblem("forgotten", FORGOTTEN)
            except EventProblem as problem:
                rejected.append(Rejected(place, problem))
                continue
            if not event.event_id:
                event = replace(event, event_id=numbering.derive(event))
            events.append(event)
        return events, rejected

    def _event(self, raw: Any, received_at: datetime, made: Recommendations) -> Event:
        if not isinstance(raw, dict):
            raise EventProblem(
                "malformed", "the event is no JSON object; expected one with event_type and user_id"
            )
        try:
            check_values(raw)
        except ParameterProblem as problem:
            raise EventProblem("malformed", str(problem)) from None
        except BadRequest as problem:
            raise EventProblem("malformed", str(problem.description)) from None
        event_type = raw.get("event_type")
        if event_type not in (IMPRESSION, *self.types):
            known = ", ".join((IMPRESSION, *self.types))
            raise wrong("event_type", event_type, f"one of {known} ([events] weights)")
        is_impression = event_type == IMPRESSION
        known_members = OF_IMPRESSIONS if is_impression else OF_ACTIONS
        if unknown := sorted(raw.keys() - set(known_members)):
            raise EventProblem(
                "malformed",
                f"{unknown[0][:100]}: {event_type} has no such member; "
                f"expected only {', '.join(known_members)}",
            )
        common: dict[str, Any] = {
            "event_id": read_id(raw, "event_id") or "",
            "event_type": event_type,
            "event_at": self._moment(raw.get("event_at"), received_at),
            "received_at": microseconds(received_at),
            "session_id": read_id(raw, "session_id"),
            "page_view_id": read_id(raw, "page_view_id"),
            "context": read_context(raw),
        }
        return (self._impression if is_impression else self._action)(raw, common, made)

    def _impression(
        self, raw: dict[str, Any], common: dict[str, Any], made: Recommendations
    ) -> Event:
        user_id = read_id(raw, "user_id")
        found = made.of(raw, user_id)
        if found is None:
            raise missing("recommendation_id", "that of the answer that was shown")
        if common["page_view_id"] is None:
            raise missing("page_view_id", "text that is the same for one showing of the page")
        items = items_of(found, raw.get("items"))
        if not items:
            raise EventProblem("recommendation", "recommendation_id: its answer had no items")
        return Event(
            **common,
            user_id=user_id or "",  # a visitor
            recommendation_id=found.tag,
            version=found.version or None,
            surface=found.surface,
            variant=found.variant,
            items=items,
        )

    def _action(self, raw: dict[str, Any], common: dict[str, Any], made: Recommendations) -> Event:
        user_id, item_id = read_id(raw, "user_id"), read_id(raw, "item_id")
        if user_id is None:
            raise missing("user_id", "who did it")
        if item_id is None:
            raise missing("item_id", "the item that it was done with")
        position = read_position(raw.get("position"))
        common |= {
            "value": read_number(raw, "value"),
            "quantity": read_number(raw, "quantity"),
            "user_id": user_id,
            "item_id": item_id,
        }
        found = made.of(raw, user_id)
        if found is None:
            return Event(**common, position=position)
        place: ShownItem = place_of(found, item_id)
        return Event(
            **common,
            position=position or place.position,
            recommendation_id=found.tag,
            version=found.version or None,
            surface=found.surface,
            variant=found.variant,
            tier=place.tier,
        )

    def _moment(self, said: Any, received_at: datetime) -> int:
        """When it happened, µs; by default when it was received."""
        if said is None:
            return microseconds(received_at)
        if not isinstance(said, str):
            raise wrong("event_at", said, "text: a moment of ISO 8601 with a zone")
        try:
            moment = read_moment(said)
        except MomentError as error:
            raise EventProblem("invalid", f"event_at: {error}") from None
        future, age = self.settings.max_future, self.settings.max_age
        if moment > received_at + future or moment < received_at - age:
            raise EventProblem(
                "clock_skew",
                f"event_at = {spell(moment)}: expected at most {format_duration(future)} after "
                f"and {format_duration(age)} before {spell(received_at)}, when it was received",
            )
        return microseconds(moment)
