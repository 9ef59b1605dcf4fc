"""The ceiling: a function that asks the store once, with no framework around it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

import redis

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

store = redis.Redis.from_url(os.environ["BENCHMARK_STORE"])


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The stored body of the user that the path ends with."""
    body = store.get(f"body:{environ['PATH_INFO'].rpartition('/')[2]}")
    if not isinstance(body, bytes):
        start_response("404 Not Found", [("Content-Length", "0")])
        return ()
    head = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response("200 OK", head)
    return (body,)
