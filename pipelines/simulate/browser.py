"""What a browser does with a page of recommendations, and what of it arrives."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pipelines.simulate.app import App
from pipelines.simulate.choice import choose_clicks
from pipelines.simulate.summary import Summary
from pipelines.simulate.visits import Visit
from pipelines.simulate.world import World

_MOST_EVENTS = 100  # of one request
_DOUBLE = timedelta(milliseconds=200)


class Browser:
    """Plays one visit, page by page."""

    def __init__(self, world: World, visit: Visit, app: App, lists: App, tell: Summary) -> None:
        self._world, self._visit, self._app, self._lists = world, visit, app, lists
        self._tell = tell
        self._clicked: set[str] = set()
        self._sent = 0

    def look(self, page: int) -> None:
        """One page view: ask for a list, show it, click, perhaps buy what was clicked."""
        at, person, settings = self._visit.pages[page], self._visit.person, self._world.settings
        answer = self._lists.recommend(person.user_id, settings.surface, settings.items, at)
        items = [item["item_id"] for item in answer["items"]] if answer else []
        if page == 0:
            self._tell.visit(person.user_id)
        self._tell.page(person.user_id, str(answer["served_by"]) if answer else "nothing")
        if not answer or not items:
            return
        place = {
            "recommendation_id": answer["recommendation_id"],
            "page_view_id": f"{self._visit.session_id}-{page}",
        }
        shown = self._event("impression", at) | place
        clicks = self._click(items)
        if self._beacon([shown], at):
            self._tell.shown(person.user_id, len(items))
        for n, item in enumerate(clicks):
            moment = at + timedelta(seconds=4 + 5 * n)
            click = self._event("click", moment, item) | place
            clicked = [click]
            if self._visit.dice.random() < settings.doubled:
                clicked.append(self._event("click", moment + _DOUBLE, item) | place)
                self._tell.doubled += 1
            self._beacon(clicked, moment)
            self._tell.clicked(person.user_id)
            if self._visit.dice.random() < settings.bought_when_clicked:
                bought = self._event("purchase", moment + timedelta(seconds=3), item) | place
                self._beacon([bought | {"quantity": 1}], moment + timedelta(seconds=3))
                self._tell.bought(person.user_id, shown=True)

    def shop(self) -> None:
        """The basket of a visit of the shop; tills lose nothing."""
        at = self._visit.pages[-1] + timedelta(minutes=2)
        basket = self._world.basket(self._visit.person, self._visit.dice)
        lines = [
            self._event("purchase", at, item, exact=True) | {"quantity": 1}
            for item in basket
            if item not in self._clicked
        ]
        for start in range(0, len(lines), _MOST_EVENTS):
            self._tell.answered(self._app.send(lines[start : start + _MOST_EVENTS], at))
        for _ in lines:
            self._tell.bought(self._visit.person.user_id, shown=False)

    def _click(self, items: Sequence[str]) -> list[str]:
        """Those of *items* that are clicked, from the first place on."""
        settings, dice = self._world.settings, self._visit.dice
        needs = self._world.needs(self._visit.person, items, settings.appeal)
        is_clicked = choose_clicks(needs, settings.position_bias, settings.curiosity, dice)
        chosen = [
            item
            for item, takes in zip(items, is_clicked, strict=True)
            if takes and item not in self._clicked
        ]
        self._clicked.update(chosen)
        return chosen

    def _beacon(self, events: list[dict[str, Any]], at: datetime) -> bool:
        """Send *events*, unless they are lost on the way; whether all were taken in."""
        dice, settings = self._visit.dice, self._world.settings
        # Drawn either way, so that what happens next does not depend on what arrived.
        is_lost, is_repeated = dice.random(2) < (settings.lost, settings.repeated)
        if is_lost:
            self._tell.lost += len(events)
            return False
        answer = self._app.send(events, at)
        self._tell.answered(answer)
        if is_repeated:
            self._tell.answered(self._app.send(events, at))
            self._tell.repeated += len(events)
        return answer.accepted == len(events)

    def _event(
        self, kind: str, at: datetime, item: str | None = None, *, exact: bool = False
    ) -> dict[str, Any]:
        self._sent += 1
        said = at if exact else at + self._visit.clock_ahead
        event = {
            "event_type": kind,
            "event_id": f"{self._visit.session_id}-e{self._sent}",
            "user_id": self._visit.person.user_id,
            "event_at": f"{said.isoformat()}Z",
            "session_id": self._visit.session_id,
        }
        return event if item is None else event | {"item_id": item}
