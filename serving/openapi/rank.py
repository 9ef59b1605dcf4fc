"""The caller's own candidates, put into an order."""

from __future__ import annotations

from serving.lists.parameters import MAX_SESSION
from serving.openapi.parts import (
    FLAG,
    ID,
    NULLABLE_MOMENT,
    NULLABLE_TEXT,
    TEXT,
    VERSION,
    Json,
    Rules,
    answer,
    array,
    body,
    members,
    problems,
    ref,
)

TAG = "Ranking"
ABOUT = "The order that the night's knowledge gives to items that the caller brings."

SCHEMAS: Json = {
    "RankedItem": members(
        {
            "rank": {"type": "integer", "minimum": 1},
            "item_id": TEXT,
            "score": {"type": ["number", "null"]},
            "by": {"enum": ["list", "vectors", "popularity", None]},
        }
    ),
    "Ranked": members(
        {
            "user_id": NULLABLE_TEXT,
            "surface": TEXT,
            "items": array(ref("RankedItem")),
            "without": array(TEXT),
            "hidden": array(TEXT),
            "vector_of": {"enum": ["user", "session", None]},
            "version": NULLABLE_TEXT,
            "model": NULLABLE_TEXT,
            "generated_at": NULLABLE_MOMENT,
            "published_at": NULLABLE_MOMENT,
            "stale": FLAG,
        }
    ),
}
EXAMPLE: Json = {
    "user_id": "1",
    "surface": "home",
    "items": [
        {"rank": 1, "item_id": "1082185", "score": 0.93, "by": "list"},
        {"rank": 2, "item_id": "981760", "score": None, "by": None},
    ],
    "without": ["981760"],
    "hidden": [],
    "vector_of": None,
    "version": VERSION,
    "model": "ranker",
    "generated_at": "2018-01-01T00:00:00Z",
    "published_at": "2018-01-01T04:12:09.123456Z",
    "stale": False,
}


def paths(rules: Rules) -> Json:
    """Route → operations."""
    asked = members(
        {
            "items": array(ID, minItems=1, maxItems=rules.serving.max_rank_items),
            "user_id": {**ID, "type": ["string", "null"]},
            "surface": {"type": "string", "default": rules.serving.default_surface},
            "session": array(ID, maxItems=MAX_SESSION),
        },
        optional=["user_id", "surface", "session"],
    )
    example = {"user_id": "1", "surface": "home", "items": ["981760", "1082185"]}
    names = ("X-Recs-Version", "Server-Timing")
    return {
        "/rank": {
            "post": {
                "operationId": "postRank",
                "tags": [TAG],
                "summary": "Order the caller's candidates for a user",
                "requestBody": body(asked, {"two items": example}),
                "responses": {
                    "200": answer("The items, best first.", ref("Ranked"), EXAMPLE, names),
                    **problems(
                        *("400", "401", "403", "404Surface", "408", "413", "414", "415"),
                        *("422", "429", "500"),
                    ),
                },
            },
        },
    }
