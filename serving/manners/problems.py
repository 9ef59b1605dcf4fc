"""Every error as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, NotFound

log = logging.getLogger("nightshelf.serving")

CONTENT_TYPE = "application/problem+json"


class ParameterProblem(Exception):  # noqa: N818 - RFC 9457 calls it a problem
    """A parameter of a request has a value that it must not have."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, parameter: str, found: str, expected: str) -> None:
        super().__init__(f"{parameter} = {found!r}: expected {expected}")
        self.members: dict[str, Any] = {
            "parameter": parameter,
            "found": found,
            "expected": expected,
        }


class UnknownSurfaceProblem(ParameterProblem):
    """The live version has no lists for that surface."""

    status = HTTPStatus.NOT_FOUND

    def __init__(self, found: str, surfaces: tuple[str, ...]) -> None:
        super().__init__("surface", found, f"one of {', '.join(surfaces)}")
        self.members["surfaces"] = list(surfaces)


class UnknownKindProblem(ParameterProblem):
    """The live version has no features of that kind of entity."""

    status = HTTPStatus.NOT_FOUND

    def __init__(self, found: str, kinds: tuple[str, ...], hint: str) -> None:
        there = f"one of {', '.join(kinds)}" if kinds else "a version that was made with features"
        super().__init__("kind", found, there + hint)
        self.members["kinds"] = list(kinds)


def answer_problems(app: Flask) -> None:
    """Make *app* answer every error with a problem, unknown paths and bugs included."""
    app.register_error_handler(ParameterProblem, _parameter)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _bug)


def _parameter(problem: ParameterProblem) -> Response:
    return _respond(problem.status, str(problem), problem.members)


def _http(error: HTTPException) -> Response:
    original = error.get_response()
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return Response(original.data, original.status_code, original.headers)
    detail = error.description or ""
    if isinstance(error, NotFound) and detail == NotFound.description:
        detail = f"No route has the path {request.path[:200]!r}; /docs lists those that there are."
    response = _respond(HTTPStatus(error.code), detail, {})
    for name in ("Allow", "Retry-After", "WWW-Authenticate"):
        if name in original.headers:
            response.headers[name] = original.headers[name]
    return response


def _bug(error: Exception) -> Response:
    log.error("a request failed", exc_info=error)
    detail = "An error of this service; its log has the trace."
    return _respond(HTTPStatus.INTERNAL_SERVER_ERROR, detail, {})


def _respond(status: HTTPStatus, detail: str, members: dict[str, Any]) -> Response:
    body = {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": detail,
        **members,
    }
    # What was found in a JSON body may hold half a surrogate pair.
    text = json.dumps(body, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return Response(text, status, content_type=CONTENT_TYPE)
