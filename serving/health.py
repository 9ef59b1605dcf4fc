"""Whether this process lives, and whether it can answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, current_app

from serving.settings import ServingSettings
from serving.shelf.poller import Poller
from serving.shelf.shelf import Shelf

POLLER = "nightshelf-poller"  # the extension of an app whose shelf a poller keeps fresh


def health_blueprint(shelf: Shelf, settings: ServingSettings) -> Blueprint:
    """`/health/live` for restarts, `/health/ready` for load balancers and people."""
    blueprint = Blueprint("health", __name__, url_prefix="/health")

    @blueprint.get("/live")
    def live() -> Response:
        return _respond(HTTPStatus.OK, {"status": "live"})

    @blueprint.get("/ready")
    def ready() -> Response:
        details = _details(shelf, settings)
        is_ready = any(shelf.static.surfaces.values())
        degraded = [name for name, state in details["checks"].items() if state != "ok"]
        status = ("degraded" if degraded else "ready") if is_ready else "not ready"
        code = HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE
        return _respond(code, {"status": status, **details})

    return blueprint


def _say_age(published_at: str | None) -> str:
    return f"published at {published_at}" if published_at else "nothing was published yet"


def _details(shelf: Shelf, settings: ServingSettings) -> dict[str, Any]:
    snapshot = shelf.snapshot
    provenance = (snapshot or shelf.static).provenance
    stale = provenance.is_stale(settings.stale_after, datetime.now(UTC))
    poller: Poller | None = current_app.extensions.get(POLLER)
    checks = {
        "store": "ok" if shelf.is_available else _why_not(poller),
        "lists": "ok" if snapshot is not None else "no version read since this process started",
        "age": _say_age(provenance.published_at) if stale else "ok",
        "fallback": "ok" if any(shelf.static.surfaces.values()) else "no list to fall back on",
    }
    if poller is not None:
        late = "the store was not looked at lately, so that news are not seen; restart this process"
        checks["poll"] = late if poller.is_late else "ok"
    return {
        "version": provenance.version,
        "generation": None if snapshot is None else snapshot.pointer.generation,
        "hold": None if snapshot is None else snapshot.pointer.hold,
        "checks": checks,
    }


def _why_not(poller: Poller | None) -> str:
    if poller is not None and poller.is_empty:
        return "reached, but no version is active: publish a run; answering from lists held here"
    return "not reached; answering from the lists held here"


def _respond(status: HTTPStatus, body: dict[str, Any]) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, content_type="application/json")
