"""gunicorn's worker of greenlets: takes its share of connections, refuses as all others do."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Any

from gevent.server import StreamServer
from gunicorn import http
from gunicorn.glogging import Logger as GunicornLogger
from gunicorn.workers.ggevent import GeventWorker

from serving.accepting import BalancedServer, OpenConnections

_STATUS_BY_ERROR: dict[type[BaseException], HTTPStatus] = {
    http.errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    http.errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    http.errors.UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
    http.errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    http.errors.ForbiddenProxyRequest: HTTPStatus.FORBIDDEN,
}
_DETAIL = "The request is not HTTP as this service reads it"


class Logger(GunicornLogger):  # type: ignore[misc] # gunicorn has no types
    """gunicorn's own log without its line for every request: `serving.sight` writes those."""

    def access(self, resp: Any, req: Any, environ: Any, request_time: Any) -> None:
        """Nothing: even a line that nobody reads is put together first."""


class Worker(GeventWorker):  # type: ignore[misc] # gunicorn has no types
    """Answers what is no HTTP as RFC 9457 says.

    `counts` and `place` are given before the fork (`serving.gunicorn_config`).
    """

    counts: OpenConnections
    place: int | None = None

    def server_class(self, listener: Any, *, spawn: Any, **more: Any) -> StreamServer:
        """What gunicorn makes for a listener; `more` are words for servers of other kinds."""
        handle = partial(self.handle, listener)
        secured = {"ssl_context": more["ssl_context"]} if "ssl_context" in more else {}
        if self.place is None:
            server = StreamServer(listener, handle, spawn=spawn, **secured)
            server.max_accept = 1
            return server
        return BalancedServer(
            listener,
            handle,
            spawn=spawn,
            counts=self.counts,
            place=self.place,
            before_close=self._end_idle,
            **secured,
        )

    def init_process(self) -> None:
        """Nothing is open yet."""
        self._idle: set[socket.socket] = set()
        super().init_process()

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """A connection, from its first request to its last."""
        self._idle.add(client)
        try:
            super().handle(listener, client, addr)
        finally:
            self._idle.discard(client)
            if self.place is not None:
                self.counts.closed(self.place)

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> None:
        """One of its requests."""
        self._idle.discard(sock)
        super().handle_request(listener_name, req, sock, addr)
        if self.alive:
            self._idle.add(sock)

    def _end_idle(self) -> None:
        """Whoever asks nothing must not hold up a reload until `graceful_timeout`.

        What has arrived already can still be read, and is answered.
        """
        for sock in list(self._idle):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RD)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """A problem for what gunicorn refuses; what is no refusal is a bug, and logged as one.

        A worker that stops ends its greenlets: whoever has a connection open and asked nothing
        gets no answer, and a request under way no second one.
        """
        if not isinstance(exc, Exception):
            return
        known = isinstance(exc, http.errors.ParseException) or type(exc) in _STATUS_BY_ERROR
        if not known:
            self.log.error("a request failed in the server", exc_info=exc)
            status, detail = HTTPStatus.INTERNAL_SERVER_ERROR, "An error of this service."
        else:
            status = _STATUS_BY_ERROR.get(type(exc), HTTPStatus.BAD_REQUEST)
            detail = f"{_DETAIL}: {str(exc)[:200] or type(exc).__name__}."
            self.log.info("refused: %s", type(exc).__name__)
        _write_problem(client, status, detail)


def _write_problem(sock: socket.socket, status: HTTPStatus, detail: str) -> None:
    body = {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": detail,
    }
    text = json.dumps(body).encode()
    head = (
        f"HTTP/1.1 {int(status)} {status.phrase}\r\nConnection: close\r\n"
        f"Content-Type: application/problem+json\r\nContent-Length: {len(text)}\r\n\r\n"
    )
    try:
        sock.send(head.encode() + text)  # smaller than any socket's buffer
    except OSError:
        return  # whoever it was is gone
