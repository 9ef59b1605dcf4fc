"""Bytes to a port and back: for requests that no client library would send."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable
from typing import Any


def connect(port: int, timeout: float = 15.0) -> socket.socket:
    """A connection that gives up after *timeout* seconds."""
    return socket.create_connection(("127.0.0.1", port), timeout=timeout)


def send(port: int, *pieces: bytes, end: bool = False) -> tuple[int, dict[str, str], bytes]:
    """Status, headers (small names) and body of what comes back to *pieces*.

    A server that has answered may stop reading: what cannot be sent any more is left out. With
    *end* it is told that nothing follows.
    """
    with connect(port) as connection:
        _send_all(connection, pieces)
        if end:
            connection.shutdown(socket.SHUT_WR)
        return receive(connection)


def _send_all(connection: socket.socket, pieces: Iterable[bytes]) -> None:
    try:
        for piece in pieces:
            connection.sendall(piece)
    except (BrokenPipeError, ConnectionResetError, TimeoutError):
        return


def receive(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """One answer; status 0 for a connection that ends without any."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = _read(connection)
        if not piece:
            return 0, {}, data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    length = int(headers.get("content-length", 0))
    while len(body) < length and (piece := _read(connection)):
        body += piece
    return int(first.split()[1]), headers, body


def _read(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65_536)
    except ConnectionResetError:
        return b""


def get(path: bytes, *headers: bytes) -> bytes:
    """A GET of *path* as it stands."""
    return b"".join(
        [b"GET ", path, b" HTTP/1.1\r\nHost: x\r\n", *(line + b"\r\n" for line in headers), b"\r\n"]
    )


def post(path: bytes, *headers: bytes) -> bytes:
    """The head of a POST."""
    return get(path, *headers).replace(b"GET", b"POST", 1)


def problem(answer: tuple[int, dict[str, str], bytes]) -> dict[str, Any]:
    """The problem that *answer* holds; its status is the answer's."""
    status, headers, body = answer
    assert headers.get("content-type") == "application/problem+json", answer
    found: dict[str, Any] = json.loads(body)
    assert found["status"] == status
    return found
