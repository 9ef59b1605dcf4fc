"""`GET /recs/<user>`: a lookup, a fill, an answer."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import redis
from flask import Blueprint, Response, g, request

from serving.explanation import Explanation
from serving.parameters import check_id, read_items, read_wish
from serving.settings import ServingSettings, Tier
from serving.shelf import OnShelf, Shelf
from serving.shown import Provenance, Shown
from serving.sight.served import Served, user_kind
from serving.tiers import Supply, fill
from serving.wish import Wish

log = logging.getLogger("nightshelf.serving")


def recs_blueprint(shelf: Shelf, settings: ServingSettings) -> Blueprint:
    """The routes that answer with lists read from *shelf*."""
    blueprint = Blueprint("recs", __name__)

    def surfaces() -> tuple[str, ...]:
        snapshot = shelf.snapshot
        return tuple(shelf.static.surfaces) if snapshot is None else snapshot.surfaces

    @blueprint.get("/recs/<anything:user_id>")
    def recs(user_id: str) -> Response:
        return _answer(shelf, settings, read_wish(user_id, request.args, surfaces(), settings))

    @blueprint.get("/session/recs")
    def session_recs() -> Response:
        items = read_items(request.args.getlist("items"))
        wish = read_wish(None, request.args, surfaces(), settings, session=items)
        return _answer(shelf, settings, wish)

    @blueprint.get("/items/<anything:item_id>/similar")
    def similar(item_id: str) -> Response:
        items = (check_id("item", item_id),)
        wish = read_wish(None, request.args, surfaces(), settings, session=items)
        return _answer(shelf, settings, wish)

    return blueprint


def _answer(shelf: Shelf, settings: ServingSettings, wish: Wish) -> Response:
    started = time.perf_counter()
    supply = _look_up(shelf, wish)
    looked_up = time.perf_counter()
    provenance = (supply.snapshot or shelf.static).provenance
    is_stale = provenance.is_stale(settings.stale_after, datetime.now(UTC))
    tag = _tag(supply, wish, is_stale=is_stale)
    if tag is not None and request.if_none_match.contains_weak(tag):
        response = Response(status=HTTPStatus.NOT_MODIFIED)
    else:
        filled = _fill(supply, wish, settings)
        body = _body(wish, filled, provenance, settings, is_stale=is_stale)
        if wish.explain:
            _explain(supply, wish, body["items"])
        _choose_fields(wish, body["items"])
        text = json.dumps(body, ensure_ascii=False)
        response = Response(text, content_type="application/json")
        response.headers["X-Recs-Tier"] = body["served_by"]
        user = user_kind(wish.user_id, is_known=supply.found.is_known)
        g.served = Served(wish.surface, body["served_by"], user, len(filled), wish.n)
    if tag is not None and shelf.is_available:  # it may have given up meanwhile
        response.set_etag(tag)
    response.headers["X-Recs-Version"] = provenance.version or "none"
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Server-Timing"] = _timing(started, looked_up, time.perf_counter())
    return response


def _look_up(shelf: Shelf, wish: Wish) -> Supply:
    snapshot = shelf.snapshot
    found = OnShelf(last_items=wish.session)
    if snapshot is not None and wish.user_id is not None:
        try:
            found = shelf.fetch(snapshot, wish.surface, wish.user_id, explain=wish.explain)
        except (redis.RedisError, OSError) as error:
            _give_up(shelf, error)
    return Supply(shelf, snapshot, found)


def _tag(supply: Supply, wish: Wish, *, is_stale: bool) -> str | None:
    """The same for the same answer, from what decides it; None while the store does not answer.

    Lists never change within a version, so that its name stands for them.
    """
    if supply.snapshot is None or not supply.shelf.is_available:
        return None
    live = (supply.found.recent, sorted(supply.shelf.hidden))
    said = repr((supply.snapshot.pointer.version, wish.as_key(), live, is_stale))
    return hashlib.blake2b(said.encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()


def _fill(supply: Supply, wish: Wish, settings: ServingSettings) -> list[tuple[Tier, Shown]]:
    try:
        return fill(settings.tiers, supply, wish)
    except (redis.RedisError, OSError) as error:  # of a cold catalogue block
        _give_up(supply.shelf, error)
    return fill(settings.tiers, Supply(supply.shelf, supply.snapshot, OnShelf()), wish)


def _give_up(shelf: Shelf, error: Exception) -> None:
    """Let the requests to come answer without the store until a poll reaches it again."""
    shelf.is_available = False
    log.warning("store: %s; answering without it", error)


def _body(
    wish: Wish,
    filled: list[tuple[Tier, Shown]],
    provenance: Provenance,
    settings: ServingSettings,
    *,
    is_stale: bool,
) -> dict[str, Any]:
    items = [
        {
            "rank": rank,
            "item_id": shown.item_id,
            "score": shown.score,
            "title": shown.title,
            "category": shown.category,
            "reason": shown.reason,
            "source": shown.source,
            "tier": tier,
            "propensity": 1.0,
        }
        for rank, (tier, shown) in enumerate(filled, wish.offset + 1)
    ]
    return {
        "user_id": wish.user_id,
        "surface": wish.surface,
        "served_by": filled[0][0] if filled else settings.tiers[-1],
        "items": items,
        "recommendation_id": _identify(wish, filled, provenance),
        "version": provenance.version,
        "model": provenance.model,
        "generated_at": provenance.generated_at,
        "published_at": provenance.published_at,
        "stale": is_stale,
        "experiment": None,
    }


def _choose_fields(wish: Wish, items: list[dict[str, Any]]) -> None:
    """Take from each of *items* what was not asked for."""
    for item in items:
        for name in item.keys() - set(wish.fields):
            del item[name]


def _explain(supply: Supply, wish: Wish, items: list[dict[str, Any]]) -> None:
    """Add to each of *items* its explanation: null where the version keeps none."""
    known = _explanations(supply, wish)
    for item in items:
        own = item["tier"] == "personal"
        item["explanation"] = known.get(item["item_id"]) if own else None


def _explanations(supply: Supply, wish: Wish) -> Mapping[str, Explanation]:
    """Item id → explanation, of the user's own list; empty for a user whom nobody explained."""
    if supply.snapshot is None or not supply.found.explained:
        return {}
    try:
        return supply.shelf.explain(supply.snapshot, wish.surface, supply.found)
    except (redis.RedisError, OSError) as error:  # of a cold catalogue block
        _give_up(supply.shelf, error)
        return {}


def _identify(wish: Wish, filled: list[tuple[Tier, Shown]], provenance: Provenance) -> str:
    """The same for the same answer: to whom, where, of which version, which items, why."""
    items = [(tier, shown.item_id) for tier, shown in filled]
    said = json.dumps([wish.user_id, wish.session, wish.surface, provenance.version, items])
    return hashlib.blake2b(said.encode(), digest_size=16).hexdigest()


def _timing(started: float, looked_up: float, ended: float) -> str:
    parts = {"store": looked_up - started, "fill": ended - looked_up, "total": ended - started}
    return ", ".join(f"{name};dur={seconds * 1000:.2f}" for name, seconds in parts.items())
