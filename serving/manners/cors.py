"""Which pages of other origins may read answers, and what browsers are told of our own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, ClassVar

from flask import Flask, Response, request
from pydantic import AfterValidator, Field

from settings import Section
from settings.durations import Duration, parse_duration

EXPOSED = ("ETag", "X-Request-ID", "X-Recs-Version", "X-Recs-Tier", "Server-Timing", "Retry-After")
ACCEPTED = (  # headers that a page may send
    "Content-Type",
    "If-None-Match",
    "X-Request-ID",
    "Authorization",
    "traceparent",
    "tracestate",
)
_ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?")


def _check_origin(origin: str) -> str:
    if _ORIGIN.fullmatch(origin) is None:
        raise ValueError(
            "an origin is scheme, host and maybe port, in small letters, as browsers send it: "
            "https://shop.example or http://localhost:3000"
        )
    return origin


class CorsSettings(Section):
    """Which pages of other origins may read answers; none by default."""

    section_name: ClassVar[str] = "cors"

    # Compared as a whole; there is no wildcard.
    origins: list[Annotated[str, AfterValidator(_check_origin)]] = Field(default=[])
    max_age: Duration = parse_duration("10m")  # that a browser remembers what it may send


def add_cors(app: Flask, settings: CorsSettings) -> None:
    """Let pages of the origins in *settings* read the answers of *app*, without credentials."""
    if not settings.origins:
        return
    origins = frozenset(settings.origins)
    seconds = str(int(settings.max_age.total_seconds()))

    @app.after_request
    def allow(response: Response) -> Response:
        response.vary.add("Origin")
        origin = request.headers.get("Origin")
        if origin not in origins:
            return response
        response.headers["Access-Control-Allow-Origin"] = str(origin)
        response.headers["Access-Control-Expose-Headers"] = ", ".join(EXPOSED)
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            return _preflight(response, seconds)
        return response


def _preflight(response: Response, seconds: str) -> Response:
    """What may be sent: the methods of the route, and the headers that any route reads."""
    if response.status_code != HTTPStatus.OK:
        return response
    response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "")
    response.headers["Access-Control-Allow-Headers"] = ", ".join(ACCEPTED)
    response.headers["Access-Control-Max-Age"] = seconds
    return response


def page_policy(script_hashes: Sequence[str], style_hashes: Sequence[str]) -> str:
    """The `Content-Security-Policy` of a page whose own script and style have those hashes.

    Nothing is loaded from another host, nothing else inline runs, nobody frames the page.
    """
    rules = {
        "default-src": ["'none'"],
        "script-src": [f"'{name}'" for name in script_hashes] or ["'none'"],
        "style-src": [f"'{name}'" for name in style_hashes] or ["'none'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in rules.items())


def add_page_headers(app: Flask) -> None:
    """Let no browser guess a type, frame a page or tell others where its reader came from."""

    @app.after_request
    def guard(response: Response) -> Response:
        response.headers.add("X-Content-Type-Options", "nosniff")
        if response.mimetype == "text/html":
            response.headers.setdefault("Content-Security-Policy", page_policy((), ()))
            response.headers["Referrer-Policy"] = "no-referrer"
            response.headers["X-Frame-Options"] = "DENY"
            response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        return response
