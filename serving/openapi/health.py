"""Whether the service lives and can answer."""

from __future__ import annotations

from serving.openapi.parts import (
    NULLABLE_TEXT,
    TEXT,
    VERSION,
    Json,
    Rules,
    answer,
    members,
    problems,
    ref,
)

TAG = "Health"
ABOUT = "For restarts, load balancers and people."

_CHECKS = ("store", "lists", "age", "fallback")
SCHEMAS: Json = {
    "Live": members({"status": {"type": "string", "const": "live"}}),
    "Ready": members(
        {
            "status": {"type": "string", "enum": ["ready", "degraded", "not ready"]},
            "version": NULLABLE_TEXT,
            "generation": {"type": ["integer", "null"]},
            "hold": NULLABLE_TEXT,
            "checks": {
                "type": "object",
                "required": list(_CHECKS),
                "additionalProperties": TEXT,
            },
        }
    ),
}
EXAMPLE: Json = {
    "status": "ready",
    "version": VERSION,
    "generation": 7,
    "hold": None,
    "checks": dict.fromkeys(_CHECKS, "ok"),
}


def paths(rules: Rules) -> Json:
    """Route → operations."""
    unready = {
        "status": "not ready",
        "version": None,
        "generation": None,
        "hold": None,
        "checks": {
            "store": "not reached; answering from the lists held here",
            "lists": "no version read since this process started",
            "age": "nothing was published yet",
            "fallback": "no list to fall back on",
        },
    }
    return {
        "/health/live": {
            "get": {
                "operationId": "getLive",
                "tags": [TAG],
                "summary": "Whether the process answers",
                "responses": {
                    "200": answer("It does.", ref("Live"), {"status": "live"}),
                    **problems("400", "414", "500"),
                },
            },
        },
        "/health/ready": {
            "get": {
                "operationId": "getReady",
                "tags": [TAG],
                "summary": "Whether there is a list to answer with",
                "responses": {
                    "200": answer("There is; `checks` says what else.", ref("Ready"), EXAMPLE),
                    **problems("400", "414", "500"),
                    "503": answer("There is none.", ref("Ready"), unready),
                },
            },
        },
    }
