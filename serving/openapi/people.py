"""What is known of somebody."""

from __future__ import annotations

from serving.openapi.parts import (
    COUNT,
    FLAG,
    MOMENT,
    NULLABLE_MOMENT,
    NULLABLE_TEXT,
    TEXT,
    VERSION,
    Json,
    Rules,
    answer,
    array,
    in_path,
    members,
    problems,
    ref,
)

TAG = "Users"
ABOUT = "What the service knows of a user."

_ITEM = {"item_id": TEXT, "title": NULLABLE_TEXT, "category": NULLABLE_TEXT}
SCHEMAS: Json = {
    "KnownItem": members(_ITEM),
    "RecentEvent": members({"event_type": TEXT, "event_at": MOMENT, **_ITEM}),
    "StoredList": members(
        {"surface": TEXT, "stored": FLAG, "n_items": COUNT, "refreshed_at": NULLABLE_MOMENT}
    ),
    "Profile": members(
        {
            "user_id": TEXT,
            "known": FLAG,
            "segment": NULLABLE_TEXT,
            "top_categories": array(TEXT),
            "last_items": array(ref("KnownItem")),
            "recent_events": array(ref("RecentEvent")),
            "lists": array(ref("StoredList")),
            "version": NULLABLE_TEXT,
            "generated_at": NULLABLE_MOMENT,
            "published_at": NULLABLE_MOMENT,
            "stale": FLAG,
        }
    ),
}
_BANANAS = {"item_id": "1082185", "title": "Bananas", "category": "TROPICAL FRUIT"}
EXAMPLE: Json = {
    "user_id": "1",
    "known": True,
    "segment": "Frequent big baskets",
    "top_categories": ["Soft Drinks", "Tropical Fruit"],
    "last_items": [_BANANAS],
    "recent_events": [
        {"event_type": "click", "event_at": "2018-01-01T09:30:00.000Z", **_BANANAS},
    ],
    "lists": [
        {
            "surface": "home",
            "stored": True,
            "n_items": 100,
            "refreshed_at": "2018-01-01T09:35:00.000Z",
        },
        {"surface": "discover", "stored": True, "n_items": 100, "refreshed_at": None},
    ],
    "version": VERSION,
    "generated_at": "2018-01-01T00:00:00Z",
    "published_at": "2018-01-01T04:12:09.123456Z",
    "stale": False,
}


def paths(rules: Rules) -> Json:
    """Route → operations."""
    return {
        "/users/{user}/profile": {
            "parameters": [in_path("user", "Any id; nobody need have heard of it.", "1")],
            "get": {
                "operationId": "getProfile",
                "tags": [TAG],
                "summary": "What the service knows of a user",
                "description": "200 with `known` false and empty lists for an unknown user.",
                "responses": {
                    "200": answer("What is known.", ref("Profile"), EXAMPLE),
                    **problems("400", "401", "403", "414", "422", "429", "500", "503"),
                },
            },
        },
    }
