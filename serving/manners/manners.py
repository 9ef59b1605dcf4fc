"""What every answer has, whatever its route: an id of the request, a length that pays."""

from __future__ import annotations

import gzip
import itertools
import re
import uuid
from functools import lru_cache
from typing import TYPE_CHECKING

from flask import Flask, Response, g, request
from werkzeug.http import parse_accept_header

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

REQUEST_ID = "X-Request-ID"
MIN_GZIP = 1024  # bytes; below, the packets are as many as without
LONGEST_ENCODINGS = 256  # characters of Accept-Encoding that are read; longer ones are for no gzip

# Of requests that bring no id: drawn once a process, since each draw asks the kernel.
_PROCESS = uuid.uuid4().hex[:20]
_COUNT = itertools.count(1)

_GIVEN_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


def add_manners(app: Flask) -> None:
    """Make *app* name every request, and shorten answers for those who read gzip."""
    app.before_request(_name_request)
    app.after_request(_shorten)
    app.after_request(_answer_by_name)


def name_of(environ: WSGIEnvironment) -> str:
    """What the request is called: by its caller, if in proper words, else by us."""
    given = environ.get("HTTP_X_REQUEST_ID")
    if given is None or _GIVEN_ID.fullmatch(given) is None:
        return f"{_PROCESS}{next(_COUNT):012x}"
    return str(given)


def takes_gzip(environ: WSGIEnvironment) -> bool:
    """Whether the caller reads gzip."""
    said = environ.get("HTTP_ACCEPT_ENCODING")
    # Kept in memory and looked at in full: browsers and clients say it in far fewer characters.
    return said is not None and len(said) <= LONGEST_ENCODINGS and _accepts_gzip(said)


def shorten(body: bytes) -> bytes:
    """*body* as gzip, the same for the same."""
    return gzip.compress(body, 1, mtime=0)


@lru_cache(maxsize=256)  # callers are few programs, each with one way to say it
def _accepts_gzip(said: str) -> bool:
    return bool(parse_accept_header(said)["gzip"])


def _name_request() -> None:
    g.request_id = name_of(request.environ)


def _answer_by_name(response: Response) -> Response:
    response.headers.add(REQUEST_ID, g.request_id)
    return response


def _shorten(response: Response) -> Response:
    if "Vary" in response.headers:
        response.vary.add("Accept-Encoding")
    else:
        response.headers.add("Vary", "Accept-Encoding")
    if response.direct_passthrough or not takes_gzip(request.environ):
        return response
    body = response.get_data()
    if len(body) >= MIN_GZIP and "Content-Encoding" not in response.headers:
        response.set_data(shorten(body))
        response.headers["Content-Encoding"] = "gzip"
        tag, _ = response.get_etag()
        if tag is not None:  # other bytes: the tag holds for their meaning only
            response.set_etag(tag, weak=True)
    return response
