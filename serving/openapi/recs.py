"""Routes that answer with recommendations."""

from __future__ import annotations

from typing import get_args

from serving.lists.parameters import MAX_CONTEXT, MAX_OFFSET, MAX_SESSION
from serving.lists.wish import ITEM_FIELDS
from serving.openapi.parts import (
    FLAG,
    ID,
    IF_NONE_MATCH,
    NULLABLE_MOMENT,
    NULLABLE_TEXT,
    PRINTABLE,
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
from serving.settings import Tier

TAG = "Recommendations"
ABOUT = "Lists made last night, filtered for this request; never 404 for a user, never 5xx."

TIERS = list(get_args(Tier))
TIER: Json = {"type": "string", "enum": TIERS}

_REASON = members({"code": TEXT, "text": TEXT, "item_id": NULLABLE_TEXT})
_CONTRIBUTION = members(
    {
        "feature": TEXT,
        "description": NULLABLE_TEXT,
        "share": {"type": "number", "minimum": 0, "maximum": 1},
        "sign": {"type": "string", "enum": ["+", "-"]},
    }
)
_EXPLANATION: Json = {
    **members({"generators": array(TEXT), "contributions": array(_CONTRIBUTION)}),
    "type": ["object", "null"],
}
SCHEMAS: Json = {
    "Reason": _REASON,
    "Explanation": _EXPLANATION,
    "Item": {
        **members(
            {
                "rank": {"type": "integer", "minimum": 1},
                "item_id": TEXT,
                "score": {"type": "number"},
                "title": TEXT,
                "category": TEXT,
                "reason": ref("Reason"),
                "source": TEXT,
                "tier": TIER,
                "propensity": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
                "explanation": ref("Explanation"),
            }
        ),
        "required": ["item_id"],
        "description": "`fields` chooses members; `explanation` is there with `explain=1`.",
    },
    "Answer": members(
        {
            "user_id": NULLABLE_TEXT,
            "surface": TEXT,
            "served_by": TIER,
            "items": array(ref("Item")),
            "recommendation_id": TEXT,
            "version": NULLABLE_TEXT,
            "model": NULLABLE_TEXT,
            "generated_at": NULLABLE_MOMENT,
            "published_at": NULLABLE_MOMENT,
            "stale": FLAG,
            "experiment": NULLABLE_TEXT,
            "rules": array(TEXT, description="Names of the rules that applied: with `explain=1`."),
        },
        optional=["rules"],
    ),
    "Answers": members({"answers": array(ref("Answer"))}),
}

EXAMPLE_ITEM: Json = {
    "rank": 1,
    "item_id": "1082185",
    "score": 0.93,
    "title": "Bananas",
    "category": "TROPICAL FRUIT",
    "reason": {"code": "had", "text": "You bought this before", "item_id": None},
    "source": "own_most_frequent",
    "tier": "personal",
    "propensity": 1.0,
}
EXAMPLE: Json = {
    "user_id": "1",
    "surface": "home",
    "served_by": "personal",
    "items": [EXAMPLE_ITEM],
    "recommendation_id": "MQBmM2E4YzE3ZTlkMDEAAGhvbWUAZGVmYXVsdAAwAHA0Mg.qT3q0Yl2mKx1cZ8v9sWn4A",
    "version": VERSION,
    "model": "ranker",
    "generated_at": "2018-01-01T00:00:00Z",
    "published_at": "2018-01-01T04:12:09.123456Z",
    "stale": False,
    "experiment": None,
}

_TAIL = ("ETag", "X-Recs-Version", "X-Recs-Tier", "Server-Timing")


def wish_parameters(rules: Rules) -> list[Json]:
    """What every route with recommendations may be asked beside whom or what they are for."""
    serving = rules.serving
    n = {
        "type": "integer",
        "minimum": 1,
        "maximum": serving.max_n,
        "default": serving.default_n,
    }
    offset = {"type": "integer", "minimum": 0, "maximum": MAX_OFFSET, "default": 0}
    surface = {"type": "string", "default": serving.default_surface}
    situation = {"type": "string", "maxLength": MAX_CONTEXT, "pattern": PRINTABLE}
    return [
        in_query("n", "How many items.", n, 5),
        in_query("offset", "Items to pass over, as those of earlier pages.", offset, 10),
        in_query("surface", "Which lists, one of the live version's surfaces.", surface, "home"),
        in_query(
            "exclude",
            "Items to leave out, repeated or between commas.",
            array(TEXT),
            ["1082185", "981760"],
        ),
        in_query(
            "category", "Only items of these categories, repeated.", array(TEXT), ["Soft Drinks"]
        ),
        in_query(
            "min_score",
            "Only items of at least this score.",
            {"type": "number", "minimum": 0, "maximum": 1},
            0.25,
        ),
        in_query(
            "seen",
            "Whether to show what the user had; without it as the surface does.",
            {"type": "string", "enum": ["keep", "drop"]},
            "drop",
        ),
        in_query(
            "explain",
            "1: say what speaks for the first items.",
            {"type": "string", "enum": ["0", "1"], "default": "0"},
            "1",
        ),
        in_query(
            "fields",
            "Members of an item, repeated or between commas; `item_id` is always there.",
            array({"type": "string", "enum": list(ITEM_FIELDS)}),
            ["title", "score"],
        ),
        in_query("device", "Of the situation.", situation, "phone"),
        in_query(
            "hour",
            "Of the situation: the hour of the user's day.",
            {"type": "integer", "minimum": 0, "maximum": 23},
            18,
        ),
        in_query("country", "Of the situation.", situation, "NL"),
        IF_NONE_MATCH,
    ]


def _batch(rules: Rules) -> Json:
    """The body of `POST /recs`: users, and what a query may say."""
    asked = {
        parameter["name"]: parameter["schema"]
        for parameter in wish_parameters(rules)
        if parameter["in"] == "query"
    }
    users = array(ID, minItems=1, maxItems=rules.serving.max_users)
    rest = asked | {"explain": {"type": "boolean", "default": False}}
    return {
        **members({"users": users, **rest}, optional=list(rest)),
        "patternProperties": {
            "^context\\.[a-z][a-z0-9_]{0,31}$": {
                "type": "string",
                "minLength": 1,
                "maxLength": MAX_CONTEXT,
                "pattern": PRINTABLE,
            }
        },
    }


def _responses(example: Json) -> Json:
    return {
        "200": answer("The items, best first.", ref("Answer"), example, _TAIL),
        "304": not_modified(),
        **problems("400", "401", "403", "404Surface", "414", "422", "429", "500"),
    }


def paths(rules: Rules) -> Json:
    """Route → operations."""
    stranger = {**EXAMPLE, "user_id": None, "served_by": "session"}
    near = [{**EXAMPLE_ITEM, "tier": "session", "source": "item_item"}]
    session = in_query(
        "items",
        f"What was looked at, newest first, 1 to {MAX_SESSION} ids repeated or between commas.",
        array(ID, minItems=1, maxItems=MAX_SESSION),
        ["1082185", "981760"],
    )
    return {
        "/recs/{user}": {
            "parameters": [in_path("user", "Any id; nobody need have heard of it.", "1")],
            "get": {
                "operationId": "getRecs",
                "tags": [TAG],
                "summary": "Recommendations for a user",
                "parameters": wish_parameters(rules),
                "responses": _responses(EXAMPLE),
            },
        },
        "/recs": {
            "post": {
                "operationId": "postRecs",
                "tags": [TAG],
                "summary": "Recommendations for many users at once",
                "requestBody": body(_batch(rules), {"two users": {"users": ["1", "2"], "n": 5}}),
                "responses": {
                    "200": answer(
                        "An answer for each user, in their order.",
                        ref("Answers"),
                        {"answers": [EXAMPLE, {**EXAMPLE, "user_id": "2"}]},
                        ("X-Recs-Version", "Server-Timing"),
                    ),
                    **problems(
                        *("400", "401", "403", "404Surface", "408", "413", "414", "415"),
                        *("422", "429", "500"),
                    ),
                },
            },
        },
        "/session/recs": {
            "get": {
                "operationId": "getSessionRecs",
                "tags": [TAG],
                "summary": "Recommendations for somebody who looked at some items",
                "parameters": [{**session, "required": True}, *wish_parameters(rules)],
                "responses": _responses({**stranger, "items": near}),
            },
        },
        "/items/{item}/similar": {
            "parameters": [in_path("item", "The item's id.", "1082185")],
            "get": {
                "operationId": "getSimilarItems",
                "tags": [TAG],
                "summary": "What is next to an item",
                "parameters": wish_parameters(rules),
                "responses": _responses({**stranger, "items": near}),
            },
        },
    }
