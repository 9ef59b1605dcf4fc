"""Values of the night's feature tables."""

from __future__ import annotations

from serving.features.wish import MAX_ID
from serving.openapi.parts import (
    IF_NONE_MATCH,
    NULLABLE_MOMENT,
    TEXT,
    VERSION,
    Json,
    Rules,
    answer,
    array,
    body,
    in_path,
    in_query,
    members,
    not_modified,
    problems,
    ref,
)

TAG = "Features"
ABOUT = "Values that the night has published with its lists."

_WORD: Json = {"type": "string", "enum": ["present", "null", "not_found", "stale"]}
_ENTITY: Json = {"type": "string", "minLength": 1, "maxLength": MAX_ID}
_KIND = {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,62}$"}
SCHEMAS: Json = {
    "FeatureValues": members(
        {
            "kind": TEXT,
            "features": {
                "type": "object",
                "description": "Id → feature → value.",
                "additionalProperties": {"type": "object"},
            },
            "status": {
                "type": "object",
                "description": "Id → one word for all features, or feature → word.",
                "additionalProperties": {
                    "anyOf": [_WORD, {"type": "object", "additionalProperties": _WORD}]
                },
            },
            "computed_at": NULLABLE_MOMENT,
            "published_at": NULLABLE_MOMENT,
            "version": TEXT,
        }
    ),
}
EXAMPLE: Json = {
    "kind": "user",
    "features": {
        "1": {"user_segment.segment": "Frequent big baskets", "user_history.user_gap_days": 3.5},
        "nobody": {"user_segment.segment": None, "user_history.user_gap_days": None},
    },
    "status": {"1": "present", "nobody": "not_found"},
    "computed_at": "2018-01-01T00:00:00Z",
    "published_at": "2018-01-01T04:12:09.123456Z",
    "version": VERSION,
}
_ASKED = {
    "kind": "user",
    "ids": ["1", "nobody"],
    "features": ["user_segment.segment", "user_history.user_gap_days"],
}
_PROBLEMS = ("400", "401", "403", "404Kind", "414", "422", "429", "500", "503")


def paths(rules: Rules) -> Json:
    """Route → operations."""
    one = {
        **EXAMPLE,
        "features": {"1": EXAMPLE["features"]["1"]},
        "status": {"1": "present"},
    }
    asked = members(
        {
            "kind": TEXT,
            "ids": array(_ENTITY, minItems=1, maxItems=rules.serving.max_feature_ids),
            "features": array(TEXT),
        },
        optional=["features"],
    )
    chosen = in_query(
        "features",
        "`<table>.<column>`, or `<table>` for all its columns, repeated or between commas.",
        array(TEXT),
        ["user_segment", "user_history.user_gap_days"],
    )
    return {
        "/features/{kind}/{id}": {
            "parameters": [
                in_path("kind", "Of entity: user, item, category, ….", "user", _KIND),
                in_path("id", "The entity's id.", "1", _ENTITY),
            ],
            "get": {
                "operationId": "getFeatures",
                "tags": [TAG],
                "summary": "Features of one entity",
                "parameters": [chosen, IF_NONE_MATCH],
                "responses": {
                    "200": answer("Values and statuses.", ref("FeatureValues"), one, ["ETag"]),
                    "304": not_modified(),
                    **problems(*_PROBLEMS),
                },
            },
        },
        "/features": {
            "post": {
                "operationId": "postFeatures",
                "tags": [TAG],
                "summary": "Features of many entities",
                "requestBody": body(asked, {"two users": _ASKED}),
                "responses": {
                    "200": answer(
                        "Values and statuses.", ref("FeatureValues"), EXAMPLE, ["Server-Timing"]
                    ),
                    **problems(*_PROBLEMS, "408", "413", "415"),
                },
            },
        },
    }
