"""What no request may be, whatever its route: refused before any route looks at it."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, ClassVar
from urllib.parse import unquote_to_bytes

from flask import Flask, request
from pydantic import Field
from werkzeug.exceptions import BadRequest, RequestURITooLarge

from serving.manners.problems import ParameterProblem
from settings import Section
from settings.durations import PositiveDuration


class LimitSettings(Section):
    """How much a request may say."""

    section_name: ClassVar[str] = "limits"

    max_body: Annotated[int, Field(ge=1024, le=100_000_000)] = 4_000_000  # bytes of a POST
    max_query: Annotated[int, Field(ge=256, le=8000)] = 8000  # bytes after the `?`
    max_parameters: Annotated[int, Field(ge=10, le=4000)] = 500  # of a query, repeated ones too
    body_pause: PositiveDuration = timedelta(seconds=10)  # between two pieces of a body


class TooManyParametersProblem(ParameterProblem):
    """A query has more parameters than are read."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, found: int, most: int) -> None:
        super().__init__("query", f"{found} parameters", f"at most {most}")


def add_limits(app: Flask, limits: LimitSettings) -> None:
    """Make *app* refuse paths and queries that are no text, and queries that are too long."""

    @app.before_request
    def check() -> None:
        path, query = request.environ["PATH_INFO"], request.environ.get("QUERY_STRING", "")
        if not request.environ.get("RAW_URI", "").isascii():
            raise BadRequest(
                "The address has bytes beyond ASCII as they are; expected them percent-encoded."
            )
        if not path.isascii():
            check_utf8("path", path)
        if query:
            check_query(query, limits)


def check_query(query: str, limits: LimitSettings) -> None:
    """Raises the problem of a *query* (as WSGI has it) that is too long or no UTF-8 text."""
    if len(query) > limits.max_query:
        raise RequestURITooLarge(
            f"The query has {len(query)} bytes; expected at most {limits.max_query}."
        )
    if (n := query.count("&") + 1) > limits.max_parameters:
        raise TooManyParametersProblem(n, limits.max_parameters)
    if "%" in query or not query.isascii():
        check_utf8("query", _unquote(query))


def check_utf8(where: str, text: str) -> None:
    """Raises `BadRequest` unless *text*, bytes as WSGI has them, is UTF-8.

    Flask would put U+FFFD for what is not, and two ids that differ would be one.
    """
    try:
        text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError as error:
        found = text[error.start : error.end].encode("latin-1").hex(" ")
        raise BadRequest(
            f"The {where} is not UTF-8: found byte {found}; expected text in UTF-8, "
            "percent-encoded byte by byte."
        ) from None


def _unquote(query: str) -> str:
    """*query* with its percent-encoded bytes as WSGI has the bytes of a path."""
    return unquote_to_bytes(query.encode("latin-1")).decode("latin-1")
