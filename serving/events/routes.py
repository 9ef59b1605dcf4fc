"""`POST /events`: check, append, answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, request

from serving.events.check import Checker, Rejected
from serving.events.clock import Clock
from serving.events.intake import Intake
from serving.events.settings import IntakeSettings
from serving.events.snippet import add_snippet
from serving.manners.bodies import MAX_BATCH_BYTES, only_members, read_json
from serving.manners.limits import LimitSettings
from serving.manners.problems import CONTENT_TYPE, ParameterProblem

BEACON = "text/plain"  # what a beacon of a text says; a page may send it without asking first
JSON = "application/json"


def events_blueprint(
    checker: Checker, intake: Intake, clock: Clock, settings: IntakeSettings, limits: LimitSettings
) -> Blueprint:
    """The route that takes events to *intake*."""
    blueprint = Blueprint("events", __name__)

    @blueprint.post("/events")
    def take() -> Response:
        received_at = clock()
        said = read_events(read_json(request, limits, MAX_BATCH_BYTES, (BEACON,)), settings)
        intake.admit(len(said))
        events, rejected = checker.check(said, received_at)
        return respond(len(events), rejected, intake.take(events, rejected))

    add_snippet(blueprint)
    return blueprint


def read_events(body: Any, settings: IntakeSettings) -> list[Any]:
    """The events of *body*: one, a list, or an object with the list `events`.

    Raises `ParameterProblem` for none, for too many and for another form.
    """
    if isinstance(body, dict):
        if "events" not in body:
            return [body]
        body = only_members(body, ("events",))["events"]
    if not isinstance(body, list):
        raise ParameterProblem("events", json.dumps(body)[:100], "an event, or a list of events")
    if not 1 <= len(body) <= settings.max_events:
        expected = f"1 to {settings.max_events} events"
        raise ParameterProblem("events", f"{len(body)} events", expected)
    return body


def respond(accepted: int, rejected: Sequence[Rejected], durability: str | None) -> Response:
    """202 for all, 207 for some, 400 for none of the events; 409 where all are of the forgotten."""
    named = [
        {"index": each.place, "type": each.problem.kind, "detail": str(each.problem)}
        for each in rejected
    ]
    if accepted:
        status = HTTPStatus.MULTI_STATUS if named else HTTPStatus.ACCEPTED
        body: dict[str, Any] = {"accepted": accepted, "rejected": named, "durability": durability}
        return _write(body, status, JSON)
    well_formed = all(each.problem.kind == "forgotten" for each in rejected)
    status = HTTPStatus.CONFLICT if well_formed else HTTPStatus.BAD_REQUEST
    body = {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": f"None of {len(named)} events can be taken in; the first: {named[0]['detail']}",
        "accepted": 0,
        "rejected": named,
    }
    return _write(body, status, CONTENT_TYPE)


def _write(body: dict[str, Any], status: HTTPStatus, content_type: str) -> Response:
    text = json.dumps(body, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return Response(text, status, {"Cache-Control": "no-store"}, content_type=content_type)
