"""Forgetting somebody, and how far it has come."""

from __future__ import annotations

from serving.openapi.parts import (
    COUNT,
    MOMENT,
    TEXT,
    Json,
    Rules,
    answer,
    array,
    in_path,
    members,
    problems,
    ref,
)
from store.keys import DIGEST_PATTERN

TAG = "Forgetting"
ABOUT = "When somebody wants to be forgotten."

_DIGEST = "5f0c2a9be1c34d7f8a6b0d1e2f3a4b5c"
_STATE: Json = {
    "digest": {"type": "string", "pattern": f"^{DIGEST_PATTERN.pattern}$"},
    "state": {"type": "string", "enum": ["asked", "running", "left over", "done"]},
    "asked_at": MOMENT,
    "changed_at": MOMENT,
    "left": {**array(TEXT), "description": "What could not be rewritten yet, and why."},
}
SCHEMAS: Json = {
    "Forgetting": members(_STATE),
    "Forgotten": members({**_STATE, "removed": COUNT}),
}
_ASKED = {
    "digest": _DIGEST,
    "state": "asked",
    "asked_at": "2018-01-02T09:30:00.123456Z",
    "changed_at": "2018-01-02T09:30:00.123456Z",
    "left": [],
}
_DONE = {**_ASKED, "state": "done", "changed_at": "2018-01-02T10:00:41.654321Z"}


def paths(rules: Rules) -> Json:
    """Route → operations."""
    user = in_path("user", "The user's id.", "1")
    either = in_path("user", "The digest that forgetting answered, or the user's id.", _DIGEST)
    return {
        "/users/{user}": {
            "parameters": [user],
            "delete": {
                "operationId": "forgetUser",
                "tags": [TAG],
                "summary": "Forget a user (admin)",
                "description": "At once nothing is known of the user any more, and events of the "
                "user are refused. Files follow with the DAG `forget_users`; `Location` says how "
                "far that is. Asking again is safe.",
                "responses": {
                    "202": {
                        **answer(
                            "The user is forgotten; files follow.",
                            ref("Forgotten"),
                            {**_ASKED, "removed": 5},
                        ),
                    },
                    **problems("400", "401", "403", "414", "422", "429", "500", "503"),
                },
            },
        },
        "/users/{user}/forgetting": {
            "parameters": [either],
            "get": {
                "operationId": "getForgetting",
                "tags": [TAG],
                "summary": "How far forgetting a user has come (admin)",
                "responses": {
                    "200": answer("The state.", ref("Forgetting"), _DONE),
                    **problems("400", "401", "403", "404User", "414", "422", "429", "500", "503"),
                },
            },
        },
    }
