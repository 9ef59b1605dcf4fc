"""A response of the hot routes: bytes and headers are ready, nothing is worked out again."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class LeanResponse(Response):
    """As any response, but for what werkzeug looks for in every one before it goes out.

    That is a relative `Location`, an iterator of unknown length and callbacks at its end, none of
    which answers from here have.
    """

    default_mimetype = "application/json"  # of a 304, which says none

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The WSGI answer, of HEAD without the body; a 304 is left to werkzeug."""
        if self.status_code == HTTPStatus.NOT_MODIFIED:
            return super().__call__(environ, start_response)
        body = b"".join(self.iter_encoded())
        if "Content-Length" not in self.headers:
            self.headers.add("Content-Length", len(body))
        start_response(self.status, self.headers.to_wsgi_list())
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
