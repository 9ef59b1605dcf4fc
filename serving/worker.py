"""gunicorn's worker of threads, for whom no half-sent request waits in a thread.

Its own refusals, of what is no HTTP, are problems like all others.
"""

from __future__ import annotations

import json
import socket
import time
from http import HTTPStatus
from typing import Any, NamedTuple

from gunicorn import http
from gunicorn.workers import gthread

from serving.limits import LimitSettings
from settings import load_settings

MAX_HEAD = 65_536  # bytes looked through for the end of a head

_STATUS_BY_ERROR: dict[type[Exception], HTTPStatus] = {
    http.errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    http.errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    http.errors.UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
    http.errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    http.errors.ForbiddenProxyRequest: HTTPStatus.FORBIDDEN,
}
_DETAIL = "The request is not HTTP as this service reads it"


class Worker(gthread.ThreadWorker):  # type: ignore[misc] # gunicorn has no types
    """A thread takes a request when all of its head is there, and for a limited time."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limits = load_settings().read(LimitSettings)
        self._head_seconds = limits.head_within.total_seconds()
        self._body_seconds = limits.body_within.total_seconds()
        self._begun: dict[Any, _Head] = {}  # by connection: heads that are not all there
        self._busy: dict[Any, float] = {}  # connection → when a thread took it

    def handle(self, conn: Any) -> Any:
        """As gunicorn's; a connection whose head is not all there goes back to the poller."""
        seen = _peek(conn.sock)
        begun = self._begun.get(conn)
        if seen is None and not conn.initialized:
            return gthread._DEFER  # gunicorn would keep the thread for five seconds
        if seen and not _is_whole(seen) and (begun is None or len(seen) > begun.n_bytes):
            started = time.monotonic() if begun is None else begun.started
            self._begun[conn] = _Head(started, len(seen))
            # The poller is to say nothing before there are more bytes, or the end of them.
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, len(seen) + 1)
            return gthread._DEFER
        if self._begun.pop(conn, None) is not None:
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
        try:
            self._busy[conn] = time.monotonic()
            result = super().handle(conn)
            # What was read together with the end of a body no poller will ever tell of.
            while result is True and _has_read_ahead(conn):
                self._busy[conn] = time.monotonic()
                result = super().handle(conn)
            return result
        finally:
            self._busy.pop(conn, None)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """As gunicorn's; what waits for the rest of a head waits no longer than it may."""
        super().finish_request(conn, fs)
        if (begun := self._begun.get(conn)) is None:
            return
        if conn in self.pending_conns:
            conn.timeout = begun.started + self._head_seconds
        else:
            del self._begun[conn]

    def murder_pending(self) -> None:
        """As gunicorn's, called every second; whose body takes too long is ended as well."""
        now = time.monotonic()
        late = [conn for conn in self.pending_conns if conn.timeout <= now]
        for conn in late:
            self.pending_conns.remove(conn)
            self.pending_conns.appendleft(conn)  # gunicorn stops at the first that is not late
            if self._begun.pop(conn, None) is not None:
                _write_problem(conn.sock, HTTPStatus.REQUEST_TIMEOUT, "The head took too long.")
        super().murder_pending()
        for conn, started in list(self._busy.items()):
            if now - started > self._body_seconds:
                _stop_reading(conn.sock)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """A problem for what gunicorn refuses; what is no refusal is a bug, and logged as one."""
        known = isinstance(exc, http.errors.ParseException) or type(exc) in _STATUS_BY_ERROR
        if not known:
            self.log.error("a request failed in the server", exc_info=exc)
            status, detail = HTTPStatus.INTERNAL_SERVER_ERROR, "An error of this service."
        else:
            status = _STATUS_BY_ERROR.get(type(exc), HTTPStatus.BAD_REQUEST)
            detail = f"{_DETAIL}: {str(exc)[:200] or type(exc).__name__}."
            self.log.info("refused: %s", type(exc).__name__)
        _write_problem(client, status, detail)


class _Head(NamedTuple):
    """What has come of a request whose head is not all there."""

    started: float
    n_bytes: int


def _peek(sock: socket.socket) -> bytes | None:
    """What has come and was not read, at most `MAX_HEAD`; empty: closed; None: nothing yet."""
    try:
        return sock.recv(MAX_HEAD, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def _is_whole(seen: bytes) -> bool:
    """Whether a head ends in *seen*, or is too long for one: gunicorn refuses that."""
    return b"\r\n\r\n" in seen or len(seen) == MAX_HEAD


def _has_read_ahead(conn: Any) -> bool:
    """Whether bytes of the next request were read with those of the last."""
    return conn.parser.unreader.buf.getbuffer().nbytes > 0


def _stop_reading(sock: socket.socket) -> None:
    """Let the thread that waits for bytes of *sock* find its end."""
    try:
        sock.shutdown(socket.SHUT_RD)
    except OSError:
        return


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
        sock.setblocking(False)
        sock.send(head.encode() + text)  # smaller than any socket's buffer
    except OSError:
        return  # whoever it was is gone
