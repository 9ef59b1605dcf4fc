"""Requests over connections that stay open."""

from __future__ import annotations

import http.client
import os
import ssl
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from nightshelf_client.errors import UnreachableError

# What a server that closed a kept connection in the meantime looks like.
_CLOSED = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


@dataclass(frozen=True)
class Response:
    """A status, headers by names in lower case, and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """A pool of connections to one host.

    Threads may share it, each request has a connection to itself. After a fork the child makes
    new ones. *timeout_s* is for connecting, and for each wait for more bytes.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float,
        keep: int,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        # A deque's append and pop need no lock. The process is noted for the case of a fork.
        self._idle: deque[tuple[int, http.client.HTTPConnection]] = deque()
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"url = {url!r}: expected http:// or https:// and a host")
        if parts.query or parts.fragment or parts.username is not None:
            raise ValueError(f"url = {url!r}: expected no user, no ? and no #")
        self._prefix = parts.path.rstrip("/").removesuffix("/v1")
        self._host, self._port = parts.hostname, parts.port
        self._timeout_s = timeout_s
        self._tls = (tls or ssl.create_default_context()) if parts.scheme == "https" else None
        self._keep = keep

    def send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> Response:
        """One request for *target*, path and query; raises `UnreachableError`.

        A connection that the server closed while it was idle is replaced once: every request
        of this client reads, or sends events that have ids: asking twice does no harm.
        """
        kept = self._take()
        try:
            if kept is not None:
                try:
                    return self._exchange(kept, method, target, headers, body)
                except _CLOSED:
                    kept.close()
            return self._exchange(self._connect(), method, target, headers, body)
        except (OSError, http.client.HTTPException) as error:
            where = f"{self._host}:{self._port}" if self._port else self._host
            raise UnreachableError(f"{where}: {error or type(error).__name__}") from error

    def close(self) -> None:
        """Close the connections that are idle."""
        while (connection := self._take()) is not None:
            connection.close()

    def __del__(self) -> None:
        self.close()

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> Response:
        try:
            connection.request(method, self._prefix + target, body, dict(headers))
            answer = connection.getresponse()
            data = answer.read()
        except BaseException:  # half an exchange: nobody may go on with this connection
            connection.close()
            raise
        found = {name.lower(): value for name, value in answer.getheaders()}
        if not answer.will_close:
            self._give_back(connection)
        return Response(answer.status, found, data)

    def _connect(self) -> http.client.HTTPConnection:
        if self._tls is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        return http.client.HTTPSConnection(
            self._host, self._port, timeout=self._timeout_s, context=self._tls
        )

    def _take(self) -> http.client.HTTPConnection | None:
        while True:
            try:
                process, connection = self._idle.pop()
            except IndexError:
                return None
            if process == os.getpid():
                return connection
            connection.close()  # this process's copy alone: the parent's stays open

    def _give_back(self, connection: http.client.HTTPConnection) -> None:
        if len(self._idle) < self._keep:
            self._idle.append((os.getpid(), connection))
        else:
            connection.close()
