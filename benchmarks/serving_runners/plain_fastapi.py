"""The same in FastAPI, asynchronous; runs in an environment of its own."""

from __future__ import annotations

import os

import redis.asyncio
from fastapi import FastAPI, Response

store = redis.asyncio.Redis.from_url(os.environ["BENCHMARK_STORE"])
app = FastAPI()


@app.get("/recs/{user_id}")
async def recs(user_id: str) -> Response:
    """The stored body of *user_id*."""
    body = await store.get(f"body:{user_id}")
    if body is None:
        return Response(status_code=404)
    return Response(body, media_type="application/json")
