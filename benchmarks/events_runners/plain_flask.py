"""The simplest service that one would write: Flask, and a line a request in a file, synced."""

from __future__ import annotations

import json
import os

from flask import Flask, Response, request

log = os.open(os.environ["BENCHMARK_LOG"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
app = Flask(__name__)


@app.post("/events")
def events() -> Response:
    """Append the events, whatever they are, and wait until they are on disk."""
    said = request.get_json()
    os.write(log, b"".join(json.dumps(event).encode() + b"\n" for event in said["events"]))
    os.fsync(log)
    body = json.dumps({"accepted": len(said["events"])})
    return Response(body, 202, mimetype="application/json")


@app.get("/health/live")
def live() -> Response:
    """It runs."""
    return Response('{"status": "live"}', mimetype="application/json")
