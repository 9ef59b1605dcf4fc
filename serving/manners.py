"""What every answer has, whatever its route: an id of the request, a length that pays."""

from __future__ import annotations

import gzip
import re
import uuid

from flask import Flask, Response, g, request

REQUEST_ID = "X-Request-ID"
MIN_GZIP = 1024  # bytes; below, the packets are as many as without

_GIVEN_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


def add_manners(app: Flask) -> None:
    """Make *app* name every request, and shorten answers for those who read gzip."""
    app.before_request(_name_request)
    app.after_request(_shorten)
    app.after_request(_answer_by_name)


def _name_request() -> None:
    given = request.headers.get(REQUEST_ID, "")
    g.request_id = given if _GIVEN_ID.fullmatch(given) else uuid.uuid4().hex


def _answer_by_name(response: Response) -> Response:
    response.headers[REQUEST_ID] = g.request_id
    return response


def _shorten(response: Response) -> Response:
    response.vary.add("Accept-Encoding")
    if not request.accept_encodings["gzip"] or response.direct_passthrough:
        return response
    body = response.get_data()
    if len(body) >= MIN_GZIP and "Content-Encoding" not in response.headers:
        response.set_data(gzip.compress(body, 1, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
        tag, _ = response.get_etag()
        if tag is not None:  # other bytes: the tag holds for their meaning only
            response.set_etag(tag, weak=True)
    return response
