"""What a shop does when somebody wants to be forgotten: `DELETE`, and a page that says how far."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, url_for
from werkzeug.exceptions import ServiceUnavailable

from serving.admin.routes import Note
from serving.lists.parameters import check_id
from serving.manners.problems import ParameterProblem
from serving.shelf.patient import PatientStore
from settings import Settings
from store.forgetting import forget_in_store
from store.keys import DIGEST_PATTERN
from store.tombstones import Tombstone, TombstoneError, add_tombstone, digest, read_tombstones


class NobodyForgottenProblem(ParameterProblem):
    """Nobody of that digest or id was forgotten."""

    status = HTTPStatus.NOT_FOUND

    def __init__(self, found: str) -> None:
        super().__init__("user", found[:200], "a user, or the digest of one, who was forgotten")


def forgetting_blueprint(store: PatientStore, settings: Settings, note: Note) -> Blueprint:
    """Routes that forget a user; *note* is told of it by digest, never by id."""
    blueprint = Blueprint("forgetting", __name__)

    @blueprint.delete("/users/<person:user_id>")
    def forget(user_id: str) -> Response:
        check_id("user", user_id)
        with store.open() as client:
            try:
                stone = add_tombstone(settings, client, user_id)
            except TombstoneError as error:
                raise ServiceUnavailable(f"{error}. Ask again.") from None
            n_removed = forget_in_store(client, store.namespace, user_id)
        note("forget", {"digest": stone.digest, "removed": n_removed})
        body = {**describe(stone), "removed": n_removed}
        response = _respond(body, HTTPStatus.ACCEPTED)
        response.headers["Location"] = url_for(".status", user_id=stone.digest)
        return response

    @blueprint.get("/users/<anything:user_id>/forgetting")
    def status(user_id: str) -> Response:
        check_id("user", user_id)
        with store.open() as client:
            try:
                stones = read_tombstones(client, store.namespace)
            except TombstoneError as error:
                raise ServiceUnavailable(f"{error}.") from None
        stone = stones.get(user_id) if DIGEST_PATTERN.fullmatch(user_id) else None
        stone = stone or stones.get(digest(store.namespace, user_id))
        if stone is None:
            raise NobodyForgottenProblem(user_id)
        return _respond(describe(stone), HTTPStatus.OK)

    return blueprint


def describe(stone: Tombstone) -> dict[str, Any]:
    """*stone* as both routes answer it."""
    return {
        "digest": stone.digest,
        "state": stone.state,
        "asked_at": _zulu(stone.asked_at),
        "changed_at": _zulu(stone.changed_at),
        "left": list(stone.left),
    }


def _zulu(moment: str) -> str:
    return moment.replace("+00:00", "Z")


def _respond(body: dict[str, Any], status: HTTPStatus) -> Response:
    response = Response(json.dumps(body), status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
