"""The visits of a day: who comes when, how many pages they look at, and whether they shop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from pipelines.simulate.world import Person, World

_MAX_PAGES = 8


@dataclass(frozen=True)
class Visit:
    """One session of one person; the dice decide everything that happens in it."""

    person: Person
    session_id: str
    pages: tuple[datetime, ...]  # moments of the page views
    clock_ahead: timedelta  # of the browser
    shops: bool  # buys a basket too, whatever is shown
    dice: np.random.Generator


def plan_visits(world: World) -> list[Visit]:
    """All visits of the world's day, by the moment of their first page."""
    visits = [visit for person in world.people for visit in _visits_of(world, person)]
    return sorted(visits, key=lambda visit: (visit.pages[0], visit.session_id))


def _visits_of(world: World, person: Person) -> Iterator[Visit]:
    settings = world.settings
    browser = world.dice("browser", person.user_id)
    skew = browser.normal(0, settings.skew.total_seconds())
    ahead = 3600.0 if browser.random() < settings.wrong_clocks else skew
    dice = world.dice("visits", person.user_id, world.day.toordinal())
    for number in range(dice.poisson(person.visits_a_day)):
        hour = int(dice.choice(24, p=world.hours))
        # No page after midnight: a day is what was collected by its end.
        start = min(hour * 3600 + dice.random() * 3600, 86_400 - 1800)
        pages = [world.day + timedelta(seconds=round(start, 3))]
        while len(pages) < _MAX_PAGES and dice.random() < settings.more_pages:
            pages.append(pages[-1] + timedelta(seconds=round(20 + dice.exponential(60), 3)))
        yield Visit(
            person,
            session_id=f"s-{world.day:%Y%m%d}-{person.user_id}-{number}",
            pages=tuple(pages),
            clock_ahead=timedelta(seconds=round(ahead, 3)),
            shops=bool(dice.random() < 1 / settings.visits_per_purchase),
            dice=dice.spawn(1)[0],
        )
