"""Every problem that a route may answer with, with an example."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from serving.openapi.parts import HEADERS, TEXT, VERSION, Json

PROBLEM: Json = {
    "type": "object",
    "description": "RFC 9457. Members beside the first four depend on what was wrong.",
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": TEXT,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": TEXT,
        "parameter": {"type": "string", "description": "Which parameter or member is wrong."},
        "found": {"type": "string", "description": "What stood there."},
        "expected": {"type": "string", "description": "What may stand there."},
    },
    "required": ["type", "title", "status", "detail"],
}

# Name → (what it means, detail, further members). A name starts with its status.
PROBLEMS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "400": (
        "The request is not HTTP, not UTF-8, or its body is no JSON object.",
        "The path is not UTF-8: found byte ff; expected text in UTF-8, percent-encoded byte "
        "by byte.",
        {},
    ),
    "401": ("A key or token is needed, or is not valid.", "A key is needed.", {}),
    "403": ("The key or the address may not do this.", "An admin's key is needed.", {}),
    "404": ("There is no such path.", "The requested URL was not found on the server.", {}),
    "404Surface": (
        "The live version has no lists for that surface.",
        "surface = 'hme': expected one of home, discover",
        {"parameter": "surface", "found": "hme", "expected": "one of home, discover"}
        | {"surfaces": ["home", "discover"]},
    ),
    "404Kind": (
        "The live version has no features of that kind.",
        "kind = 'users': expected one of user, item; did you mean user?",
        {"parameter": "kind", "found": "users"}
        | {"expected": "one of user, item; did you mean user?", "kinds": ["user", "item"]},
    ),
    "404Version": (
        "The store keeps no such version.",
        f"version = '1': expected one of {VERSION}",
        {"parameter": "version", "found": "1", "expected": f"one of {VERSION}"}
        | {"versions": [VERSION]},
    ),
    "404User": (
        "Nobody of that digest or id was forgotten.",
        "user = '1': expected a user, or the digest of one, who was forgotten",
        {"parameter": "user", "found": "1"}
        | {"expected": "a user, or the digest of one, who was forgotten"},
    ),
    "409Forgotten": (
        "All events are of users who were forgotten.",
        "None of 1 events can be taken in; the first: user_id: this user was forgotten",
        {},
    ),
    "405": (
        "The route has no such method; `Allow` names those it has.",
        "The method is not allowed for the requested URL.",
        {},
    ),
    "408": ("The rest of the body did not come.", "The rest of the body did not come.", {}),
    "409": (
        "The version is not complete, or is being retired.",
        f"version {VERSION} is loading, not complete; `python -m pipelines publish --run "
        "20180101T000000-3cf50bee92aa --no-activate` completes it.",
        {},
    ),
    "413": (
        "The body is too large, said beforehand or not.",
        "The body is larger than 4000000 bytes, which is the limit.",
        {},
    ),
    "414": (
        "The query is too long.",
        "The query has 8100 bytes; expected at most 8000.",
        {},
    ),
    "415": (
        "The body is of another type than JSON, or compressed.",
        "The body is 'text/plain'; expected application/json.",
        {},
    ),
    "422": (
        "A parameter, an id or a member of the body has an impossible value.",
        "n = '0': expected a whole number from 1 to 100",
        {"parameter": "n", "found": "0", "expected": "a whole number from 1 to 100"},
    ),
    "429": ("Too many requests; `Retry-After` says when again.", "Too many requests.", {}),
    "500": (
        "An error of this service.",
        "An error of this service; its log has the trace.",
        {},
    ),
    "503": (
        "The store does not answer, and this route has nothing else: try again later.",
        "The store does not answer.",
        {},
    ),
}


def responses() -> dict[str, Json]:
    """Name → response, for `components`."""
    return {name: _response(name) for name in PROBLEMS}


def _response(name: str) -> Json:
    description, detail, more = PROBLEMS[name]
    status = HTTPStatus(int(name[:3]))
    example = {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": detail,
        **more,
    }
    headers = {"X-Request-ID": HEADERS["X-Request-ID"]}
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = {"description": "Methods of the route.", "schema": TEXT}
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": description,
        "headers": headers,
        "content": {"application/problem+json": {"schema": schema, "example": example}},
    }
