"""The short way of the most frequent request: a plain `GET /recs/<user>`, without Flask around it.

Flask's contexts, routing and hooks take more time than looking up, filling and writing the answer.
A request of plain words is answered here from the same functions; whatever is out of the ordinary
goes on to Flask, and so does whatever would be an error, which is said there. Answers are the same
byte for byte (tests/serving/test_express.py).
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.datastructures import MultiDict

from serving.access.guard import Guard
from serving.lists.answering import Answered, Answering
from serving.lists.parameters import read_wish
from serving.lists.wish import Wish
from serving.manners.cors import CorsSettings
from serving.manners.manners import MIN_GZIP, REQUEST_ID, name_of, shorten, takes_gzip
from serving.manners.problems import ParameterProblem
from serving.settings import ServingSettings
from serving.shelf.shelf import Shelf
from serving.sight.watch import Watch

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ENDPOINT = "recs.recs"
ROUTES = {"/recs/": "/recs/<user_id>", "/v1/recs/": "/v1/recs/<user_id>"}

_PATH = re.compile(r"(/recs/|/v1/recs/)([A-Za-z0-9._~-]{1,128})")
# Each name once, its value in plain words; what else a query may say is read by Flask.
_PAIR = r"(?:n|offset|surface|seen|device|hour|country|min_score)=[A-Za-z0-9._-]+"
_QUERY = re.compile(rf"(?:{_PAIR}(?:&{_PAIR})*)?")

MAX_QUERIES = 1000  # that are kept read

_OK = f"{HTTPStatus.OK.value} {HTTPStatus.OK.phrase}"
_NOT_MODIFIED = f"{HTTPStatus.NOT_MODIFIED.value} {HTTPStatus.NOT_MODIFIED.phrase.upper()}"


class Express:
    """Answers plain requests for lists, and hands all others to *flask*."""

    def __init__(
        self,
        flask: WSGIApplication,
        shelf: Shelf,
        answering: Answering,
        settings: ServingSettings,
        guard: Guard,
        watch: Watch,
        *,
        vary: str,
    ) -> None:
        self.flask = flask
        self._shelf = shelf
        self._settings = settings
        self._guard = guard
        self._watch = watch
        self._vary = vary
        self._answering = answering
        self._read_before: dict[tuple[str, tuple[str, ...]], Wish] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The WSGI application."""
        started = time.perf_counter()
        path = _PATH.fullmatch(environ["PATH_INFO"])
        if path is None or environ["REQUEST_METHOD"] != "GET" or "HTTP_ORIGIN" in environ:
            return self.flask(environ, start_response)
        try:
            if not self._guard.lets_pass(ENDPOINT, environ):
                return self.flask(environ, start_response)
            wish = self._read(path[2], environ.get("QUERY_STRING", ""))
            if wish is None:
                return self.flask(environ, start_response)
            answered = self._answering.answer(wish, environ.get("HTTP_IF_NONE_MATCH"))
        except ParameterProblem:
            return self.flask(environ, start_response)
        except Exception:  # said, and logged, by those whose task it is
            self._watch.note_detour()
            return self.flask(environ, start_response)
        name = name_of(environ)
        headers, body = self._with_manners(answered, name, environ)
        status = _OK if answered.status == HTTPStatus.OK else _NOT_MODIFIED
        seconds = time.perf_counter() - started
        self._watch.note(ROUTES[path[1]], "GET", int(answered.status), seconds, answered, name)
        start_response(status, headers)
        return [body]

    def _read(self, user_id: str, query: str) -> Wish | None:
        """The wish of plain words; None of others."""
        snapshot = self._shelf.snapshot
        surfaces = tuple(self._shelf.static.surfaces) if snapshot is None else snapshot.surfaces
        key = (query, surfaces)
        wish = self._read_before.get(key)
        if wish is None:
            wish = self._read_query(query, surfaces)
            if wish is None:
                return None
            if len(self._read_before) >= MAX_QUERIES:
                self._read_before.clear()
            self._read_before[key] = wish
        return wish.of(user_id)

    def _read_query(self, query: str, surfaces: tuple[str, ...]) -> Wish | None:
        """The wish of anybody who says *query*: pages ask for many users with the same words."""
        if _QUERY.fullmatch(query) is None:
            return None
        pairs = [pair.partition("=")[::2] for pair in query.split("&")] if query else []
        arguments = MultiDict(dict(pairs))
        if len(arguments) != len(pairs):
            return None
        return read_wish("anybody", arguments, surfaces, self._settings)

    def _with_manners(
        self, answered: Answered, name: str, environ: WSGIEnvironment
    ) -> tuple[list[tuple[str, str]], bytes]:
        """Headers and body as every answer has them."""
        body, headers = answered.body, answered.headers
        if len(body) >= MIN_GZIP and takes_gzip(environ):
            body = shorten(body)
            headers.append(("Content-Encoding", "gzip"))
        headers += (
            (REQUEST_ID, name),
            ("Vary", self._vary),
            ("X-Content-Type-Options", "nosniff"),
        )
        if answered.status == HTTPStatus.OK:
            headers.append(("Content-Length", str(len(body))))
        return headers, body


def add_express(
    app: Flask,
    shelf: Shelf,
    answering: Answering,
    settings: ServingSettings,
    cors: CorsSettings,
    guard: Guard,
    watch: Watch,
) -> None:
    """Put the short way before *app*, unless every request is to be traced, logged or limited."""
    if watch.sees_requests or guard.counts_requests:
        return
    vary = "Origin, Accept-Encoding" if cors.origins else "Accept-Encoding"
    express = Express(app.wsgi_app, shelf, answering, settings, guard, watch, vary=vary)
    app.wsgi_app = express  # type: ignore[method-assign] # where Flask wants middleware
