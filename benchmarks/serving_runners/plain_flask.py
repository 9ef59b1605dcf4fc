"""The simplest service that one would write: Flask, one `GET`, the bytes as they are."""

from __future__ import annotations

import os

import redis
from flask import Flask, Response

store = redis.Redis.from_url(os.environ["BENCHMARK_STORE"])
app = Flask(__name__)


@app.get("/recs/<user_id>")
def recs(user_id: str) -> Response:
    """The stored body of *user_id*."""
    body = store.get(f"body:{user_id}")
    if body is None:
        return Response(status=404)
    return Response(body, content_type="application/json")
