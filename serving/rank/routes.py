"""`POST /rank`: a caller's own candidates, in the order that the night's knowledge gives them."""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime
from typing import Any

import redis
from flask import Blueprint, Response, request

from serving.lists.provenance import Provenance
from serving.manners.bodies import MAX_BATCH_BYTES, read_object
from serving.manners.limits import LimitSettings
from serving.rank.order import Ranked, order, popularity
from serving.rank.rows import Known
from serving.rank.wish import RankWish, read_rank_body
from serving.settings import ServingSettings
from serving.shelf.shelf import Shelf
from serving.shelf.snapshot import Snapshot

log = logging.getLogger("nightshelf.serving")


def rank_blueprint(shelf: Shelf, settings: ServingSettings, limits: LimitSettings) -> Blueprint:
    """The route that orders what the caller brings."""
    blueprint = Blueprint("rank", __name__)

    @blueprint.post("/rank")
    def rank() -> Response:
        return _answer(shelf, settings, read_object(request, limits, MAX_BATCH_BYTES))

    return blueprint


def _answer(shelf: Shelf, settings: ServingSettings, asked: dict[str, Any]) -> Response:
    started = time.perf_counter()
    snapshot = shelf.snapshot
    surfaces = tuple(shelf.static.surfaces) if snapshot is None else snapshot.surfaces
    wish = read_rank_body(asked, surfaces, settings)
    known = Known() if snapshot is None else _look_up(shelf, snapshot, wish)
    looked_up = time.perf_counter()
    hidden = [item for item in wish.items if item in shelf.hidden]
    shown = [item for item in wish.items if item not in shelf.hidden]
    popular = _popular(shelf, snapshot, wish.surface)
    ranked = order(shown, known.stored, known.products, popular)
    provenance = (snapshot or shelf.static).provenance
    is_stale = provenance.is_stale(settings.stale_after, datetime.now(UTC))
    body = _body(wish, ranked, hidden, known, provenance) | {"stale": is_stale}
    response = Response(json.dumps(body, ensure_ascii=False), content_type="application/json")
    response.headers["X-Recs-Version"] = provenance.version or "none"
    response.headers["Cache-Control"] = "private, no-cache"
    parts = {"store": looked_up - started, "order": time.perf_counter() - looked_up}
    timing = [f"{name};dur={seconds * 1000:.2f}" for name, seconds in parts.items()]
    response.headers["Server-Timing"] = ", ".join(timing)
    return response


def _look_up(shelf: Shelf, snapshot: Snapshot, wish: RankWish) -> Known:
    """Nothing while the store does not answer: popularity is held here."""
    try:
        return shelf.fetch_rank(snapshot, wish)
    except (redis.RedisError, OSError) as error:
        shelf.breaker.failed()
        log.warning("store: %s; answering without it", error)
        return Known()


def _popular(shelf: Shelf, snapshot: Snapshot | None, surface: str) -> dict[str, float]:
    if snapshot is None:
        return popularity(shelf.static.surfaces.get(surface, ()))
    fields = (f"{surface}/trending", f"{surface}/global")
    return popularity(*(snapshot.fallback.get(field, ()) for field in fields))


def _body(
    wish: RankWish,
    ranked: list[Ranked],
    hidden: list[str],
    known: Known,
    provenance: Provenance,
) -> dict[str, Any]:
    return {
        "user_id": wish.user_id,
        "surface": wish.surface,
        "items": [
            {
                "rank": rank,
                "item_id": found.item_id,
                "score": None if found.score is None else round(found.score, 6),
                "by": found.by,
            }
            for rank, found in enumerate(ranked, 1)
        ],
        "without": [found.item_id for found in ranked if found.by is None],
        "hidden": hidden,
        "vector_of": known.vector_of,
        "version": provenance.version,
        "model": provenance.model,
        "generated_at": provenance.generated_at,
        "published_at": provenance.published_at,
    }
