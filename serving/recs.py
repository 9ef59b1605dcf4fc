"""`GET /recs/<user>`: a lookup, a fill, an answer."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus

import redis
from flask import Blueprint, Response, g, request

from serving.answer import write_answer
from serving.explanation import Explanation
from serving.parameters import check_id, read_items, read_wish
from serving.rules import Rule, apply_rules, load_rules
from serving.settings import ServingSettings, Tier
from serving.shelf import OnShelf, Shelf
from serving.sight.served import Served, user_kind
from serving.tiers import Filled, Supply, fill
from serving.wish import Wish

log = logging.getLogger("nightshelf.serving")


def recs_blueprint(shelf: Shelf, settings: ServingSettings) -> Blueprint:
    """The routes that answer with lists read from *shelf*."""
    blueprint = Blueprint("recs", __name__)
    rules = load_rules(settings.rules)

    def surfaces() -> tuple[str, ...]:
        snapshot = shelf.snapshot
        return tuple(shelf.static.surfaces) if snapshot is None else snapshot.surfaces

    @blueprint.get("/recs/<anything:user_id>")
    def recs(user_id: str) -> Response:
        wish = read_wish(user_id, request.args, surfaces(), settings)
        return _answer(shelf, settings, rules, wish)

    @blueprint.get("/session/recs")
    def session_recs() -> Response:
        items = read_items(request.args.getlist("items"))
        wish = read_wish(None, request.args, surfaces(), settings, session=items)
        return _answer(shelf, settings, rules, wish)

    @blueprint.get("/items/<anything:item_id>/similar")
    def similar(item_id: str) -> Response:
        items = (check_id("item", item_id),)
        wish = read_wish(None, request.args, surfaces(), settings, session=items)
        return _answer(shelf, settings, rules, wish)

    return blueprint


def _answer(
    shelf: Shelf, settings: ServingSettings, rules: Sequence[Rule], asked: Wish
) -> Response:
    started = time.perf_counter()
    wish, tiers, applied = apply_rules(rules, asked, settings.tiers)
    supply = _look_up(shelf, wish)
    looked_up = time.perf_counter()
    provenance = (supply.snapshot or shelf.static).provenance
    is_stale = provenance.is_stale(settings.stale_after, datetime.now(UTC))
    tag = _tag(supply, wish, tiers, is_stale=is_stale)
    headers = {
        "X-Recs-Version": provenance.version or "none",
        "Cache-Control": "private, no-cache",
    }
    body, status = "", HTTPStatus.OK
    if tag is not None and request.if_none_match.contains_weak(tag):
        status = HTTPStatus.NOT_MODIFIED
    else:
        filled = _fill(supply, wish, tiers)
        explanations = _explanations(supply, wish) if wish.explain else None
        last_tier = tiers[-1]
        body = write_answer(
            wish, filled, provenance, last_tier, explanations, is_stale=is_stale, rules=applied
        )
        headers["Content-Type"] = "application/json"
        tier = headers["X-Recs-Tier"] = filled[0][0] if filled else last_tier
        user = user_kind(wish.user_id, is_known=supply.found.is_known)
        g.served = Served(wish.surface, tier, user, len(filled), wish.n)
    if tag is not None and shelf.is_available:  # it may have given up meanwhile
        headers["ETag"] = f'"{tag}"'
    headers["Server-Timing"] = _timing(started, looked_up, time.perf_counter())
    return Response(body, status, headers)


def _look_up(shelf: Shelf, wish: Wish) -> Supply:
    snapshot = shelf.snapshot
    found = OnShelf(session=wish.session)
    if snapshot is not None and wish.user_id is not None:
        try:
            found = shelf.fetch(snapshot, wish.surface, wish.user_id, explain=wish.explain)
        except (redis.RedisError, OSError) as error:
            _give_up(shelf, error)
    return Supply(shelf, snapshot, found)


def _tag(supply: Supply, wish: Wish, tiers: Sequence[Tier], *, is_stale: bool) -> str | None:
    """The same for the same answer, from what decides it; None while the store does not answer.

    Lists never change within a version, so that its name stands for them.
    """
    if supply.snapshot is None or not supply.shelf.is_available:
        return None
    live = (supply.found.recent, sorted(supply.shelf.hidden))
    said = repr((supply.snapshot.pointer.version, wish.as_key(), [*tiers], live, is_stale))
    return hashlib.blake2b(said.encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()


def _fill(supply: Supply, wish: Wish, tiers: Sequence[Tier]) -> Filled:
    try:
        return fill(tiers, supply, wish)
    except (redis.RedisError, OSError) as error:  # of a cold catalogue block
        _give_up(supply.shelf, error)
    return fill(tiers, Supply(supply.shelf, supply.snapshot, OnShelf()), wish)


def _give_up(shelf: Shelf, error: Exception) -> None:
    """Let the requests to come answer without the store once that happened too often."""
    shelf.breaker.failed()
    log.warning("store: %s; answering without it", error)


def _explanations(supply: Supply, wish: Wish) -> Mapping[str, Explanation]:
    """Item id → explanation, of the user's own list; empty for a user whom nobody explained."""
    if supply.snapshot is None or not supply.found.explained:
        return {}
    try:
        return supply.shelf.explain(supply.snapshot, wish.surface, supply.found)
    except (redis.RedisError, OSError) as error:  # of a cold catalogue block
        _give_up(supply.shelf, error)
        return {}


def _timing(started: float, looked_up: float, ended: float) -> str:
    store, total = 1000 * (looked_up - started), 1000 * (ended - started)
    return f"store;dur={store:.2f}, fill;dur={total - store:.2f}, total;dur={total:.2f}"
