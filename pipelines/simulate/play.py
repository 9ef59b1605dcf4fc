"""Plays the shoppers of one day against the running application."""

from __future__ import annotations

import hashlib
import heapq
import logging
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime

from pipelines.simulate.app import App
from pipelines.simulate.browser import Browser
from pipelines.simulate.summary import CONTROL, LISTS, Summary
from pipelines.simulate.visits import Visit, plan_visits
from pipelines.simulate.world import World

log = logging.getLogger("nightshelf")

_SHOP = -1  # instead of the number of a page


def play_day(world: World, url: str, control_url: str | None = None) -> Summary:
    """Every page view and basket of the world's day, in the order of their moments.

    Half of the users, chosen by a hash, are the control group when there is a *control_url*:
    they ask there for lists; their events go to *url* as everybody's do.
    Raises `SimulationError` when nothing answers.
    """
    summary = Summary(lambda user: group_of(user) if control_url else LISTS)
    with ExitStack() as stack:
        app = stack.enter_context(App(url))
        control = stack.enter_context(App(control_url)) if control_url else app
        lists_of = {LISTS: app, CONTROL: control}
        visits = plan_visits(world)
        browsers = [
            Browser(world, visit, app, lists_of[summary.group_of(visit.person.user_id)], summary)
            for visit in visits
        ]
        for _, number, page in _steps(visits):
            if page == _SHOP:
                browsers[number].shop()
            else:
                browsers[number].look(page)
    log.info("simulated %s: %d visits", f"{world.day:%Y-%m-%d}", summary.visits)
    return summary


def group_of(user_id: str) -> str:
    """`lists` or `control`: the same user is always in the same half."""
    digest = hashlib.sha256(b"group\0" + user_id.encode()).digest()
    return CONTROL if digest[0] % 2 else LISTS


def _steps(visits: list[Visit]) -> Iterator[tuple[datetime, int, int]]:
    """(moment, number of the visit, page), by moment; a basket comes after the last page."""
    steps = []
    for number, visit in enumerate(visits):
        steps += [(at, number, page) for page, at in enumerate(visit.pages)]
        if visit.shops:
            steps.append((visit.pages[-1], number, len(visit.pages)))
    heapq.heapify(steps)
    while steps:
        at, number, page = heapq.heappop(steps)
        yield at, number, page if page < len(visits[number].pages) else _SHOP
