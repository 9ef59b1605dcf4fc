"""A list as `GET /recs/<user>` answers it, as a column of the page."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import redis

from serving.lists.answer import write_answer
from serving.lists.explanation import Explanation
from serving.lists.parameters import read_wish
from serving.lists.rules import Rule, apply_rules
from serving.lists.tiers import Supply, fill
from serving.lists.wish import Wish
from serving.page.asked import Asked
from serving.settings import ServingSettings
from serving.shelf.on_shelf import OnShelf
from serving.shelf.shelf import Shelf

log = logging.getLogger("nightshelf.serving")


@dataclass(frozen=True)
class Column:
    """One list and what a reader has to know of it."""

    answer: Mapping[str, Any]  # the body of `GET /recs/<user>`
    is_live: bool
    is_known: bool  # whether the version has a list or a row of the user
    is_reached: bool  # whether the store answered
    places: Mapping[str, int] | None = None  # item id → rank in the other column, if there is one

    @property
    def ranks(self) -> dict[str, int]:
        """Item id → rank."""
        return {item["item_id"]: item["rank"] for item in self.answer["items"]}

    @property
    def n_shared(self) -> int:
        """How many items are in the other column too."""
        return len(self.ranks.keys() & (self.places or {}).keys())


def beside(left: Column, right: Column) -> tuple[Column, Column]:
    """Both, each with the ranks of the other."""
    return replace(left, places=right.ranks), replace(right, places=left.ranks)


def read_column(
    shelf: Shelf, asked: Asked, settings: ServingSettings, rules: Sequence[Rule], *, is_live: bool
) -> Column:
    """The list that *asked* names, from *shelf*; rules and hidden items count as for a shopper.

    Of the live version it is answered without the store too, as requests are; of another one
    what the client raises is raised. Raises `ParameterProblem` for what cannot be asked.
    """
    wish = read_wish(asked.user_id, asked.arguments, surfaces_of(shelf), settings)
    wish, tiers, applied = apply_rules(rules, wish, settings.tiers)
    try:
        supply = _look_up(shelf, wish)
        filled = fill(tiers, supply, wish)
        explanations = _explain(supply, wish)
        is_reached = shelf.is_available
    except (redis.RedisError, OSError) as error:
        if not is_live:
            raise
        shelf.breaker.failed()
        log.warning("store: %s; the page shows what is held here", error)
        supply = Supply(shelf, shelf.snapshot, OnShelf())
        filled, explanations, is_reached = fill(tiers, supply, wish), {}, False
    provenance = (shelf.snapshot or shelf.static).provenance
    stale = provenance.is_stale(settings.stale_after, datetime.now(UTC))
    given = explanations if wish.explain else None
    body = write_answer(
        wish,
        filled,
        provenance,
        tiers[-1],
        given,
        recommendation_id="",  # whoever looks here is no shopper
        is_stale=stale,
        rules=applied,
    )
    return Column(json.loads(body), is_live, supply.found.is_known, is_reached)


def surfaces_of(shelf: Shelf) -> tuple[str, ...]:
    """The surfaces that *shelf* has lists for."""
    return tuple(shelf.static.surfaces) if shelf.snapshot is None else shelf.snapshot.surfaces


def _look_up(shelf: Shelf, wish: Wish) -> Supply:
    snapshot, found = shelf.snapshot, OnShelf()
    if snapshot is not None and wish.user_id is not None:
        found = shelf.fetch(snapshot, wish.surface, wish.user_id, explain=wish.explain)
    return Supply(shelf, snapshot, found)


def _explain(supply: Supply, wish: Wish) -> Mapping[str, Explanation]:
    if supply.snapshot is None or not supply.found.explained:
        return {}
    return supply.shelf.explain(supply.snapshot, wish.surface, supply.found)
