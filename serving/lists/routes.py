"""`GET /recs/<user>`, `POST /recs` and what is next to items: read, look up, fill, answer."""

from __future__ import annotations

from flask import Blueprint, Response, request

from serving.lists.answering import Answering
from serving.lists.batch import read_batch
from serving.lists.parameters import check_id, read_items, read_wish
from serving.manners.bodies import MAX_BATCH_BYTES, read_object
from serving.manners.limits import LimitSettings
from serving.settings import ServingSettings
from serving.shelf.shelf import Shelf


def recs_blueprint(
    shelf: Shelf, answering: Answering, settings: ServingSettings, limits: LimitSettings
) -> Blueprint:
    """The routes that answer with lists read from *shelf*."""
    blueprint = Blueprint("recs", __name__)

    def surfaces() -> tuple[str, ...]:
        snapshot = shelf.snapshot
        return tuple(shelf.static.surfaces) if snapshot is None else snapshot.surfaces

    @blueprint.get("/recs/<anything:user_id>")
    def recs(user_id: str) -> Response:
        return answering.respond(read_wish(user_id, request.args, surfaces(), settings))

    @blueprint.post("/recs")
    def many() -> Response:
        body = read_object(request, limits, MAX_BATCH_BYTES)
        return answering.respond_all(read_batch(body, surfaces(), settings))

    @blueprint.get("/session/recs")
    def session_recs() -> Response:
        items = read_items(request.args.getlist("items"))
        return answering.respond(read_wish(None, request.args, surfaces(), settings, session=items))

    @blueprint.get("/items/<anything:item_id>/similar")
    def similar(item_id: str) -> Response:
        items = (check_id("item", item_id),)
        return answering.respond(read_wish(None, request.args, surfaces(), settings, session=items))

    return blueprint
