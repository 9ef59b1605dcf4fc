"""`GET /features/<kind>/<id>` and `POST /features`: values that the night has published."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime

import redis
from flask import Blueprint, Response, request
from werkzeug.exceptions import ServiceUnavailable

from serving.features.answer import write_answer
from serving.features.wish import FeatureWish, Kinds, read_body, read_query
from serving.manners.bodies import read_object
from serving.manners.limits import LimitSettings
from serving.settings import ServingSettings
from serving.shelf.shelf import Shelf
from serving.shelf.snapshot import Snapshot

RETRY_AFTER_S = 1  # the poller looks again about then

log = logging.getLogger("nightshelf.serving")


def features_blueprint(shelf: Shelf, settings: ServingSettings, limits: LimitSettings) -> Blueprint:
    """The routes that answer with feature values read from *shelf*."""
    blueprint = Blueprint("features", __name__)

    @blueprint.get("/features/<kind>/<anything:entity_id>")
    def one(kind: str, entity_id: str) -> Response:
        response = _answer(shelf, lambda kinds: read_query(kind, entity_id, request.args, kinds))
        response.set_etag(hashlib.blake2b(response.get_data(), digest_size=16).hexdigest())
        response.make_conditional(request)
        return response

    @blueprint.post("/features")
    def many() -> Response:
        body = read_object(request, limits)
        return _answer(shelf, lambda kinds: read_body(body, kinds, settings.max_feature_ids))

    return blueprint


def _answer(shelf: Shelf, read_wish: Callable[[Kinds], FeatureWish]) -> Response:
    """Raises `ServiceUnavailable` while the store cannot be asked: no older value is kept here."""
    started = time.perf_counter()
    snapshot = shelf.snapshot
    if snapshot is None or not shelf.is_available:
        raise ServiceUnavailable("The store is not reached.", retry_after=RETRY_AFTER_S)
    wish = read_wish(snapshot.kinds)
    found = _fetch(shelf, snapshot, wish)
    fetched = time.perf_counter()
    body = write_answer(wish, found, snapshot.provenance, datetime.now(UTC))
    response = Response(body, content_type="application/json")
    parts = {"store": fetched - started, "write": time.perf_counter() - fetched}
    timing = [f"{name};dur={seconds * 1000:.2f}" for name, seconds in parts.items()]
    response.headers["Server-Timing"] = ", ".join(timing)
    return response


def _fetch(shelf: Shelf, snapshot: Snapshot, wish: FeatureWish) -> dict[str, list[bytes]]:
    """The cells of the entities; asked twice, because there is no other answer to fall back on.

    Raises `ServiceUnavailable`, and lets the requests to come do so at once until a poll reaches
    the store again.
    """
    try:
        return shelf.fetch_features(snapshot, wish.kind, wish.ids)
    except (redis.RedisError, OSError) as error:
        log.warning("store: %s; asking once more", error)
    try:
        return shelf.fetch_features(snapshot, wish.kind, wish.ids)
    except (redis.RedisError, OSError) as error:
        shelf.breaker.failed()
        log.warning("store: %s; there are no features without it", error)
    raise ServiceUnavailable("The store does not answer.", retry_after=RETRY_AFTER_S)
