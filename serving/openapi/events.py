"""What users do, sent in."""

from __future__ import annotations

from serving.events.members import (
    MAX_CONTEXT_MEMBERS,
    MAX_CONTEXT_NAME,
    MAX_CONTEXT_NUMBER,
    MAX_CONTEXT_TEXT,
    MAX_POSITION,
)
from serving.events.problem import KINDS
from serving.events.shown import MAX_ITEMS
from serving.openapi.parts import (
    COUNT,
    ID,
    MOMENT,
    TEXT,
    Json,
    Rules,
    answer,
    array,
    body,
    members,
    problems,
    ref,
)
from store.events import IMPRESSION

TAG = "Events"
ABOUT = "What users see and do: the lists of tomorrow, and of the next second, are made from it."

POSITION: Json = {"type": "integer", "minimum": 1, "maximum": MAX_POSITION}
NUMBER: Json = {
    "anyOf": [
        {"type": "number", "minimum": 0, "exclusiveMaximum": 1e14},
        {"type": "string", "pattern": r"^[0-9]{1,14}(\.[0-9]{1,4})?$"},
    ]
}


def nullable(schema: Json) -> Json:
    """*schema*, or null, which counts as left out."""
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    return {**schema, "type": [schema["type"], "null"]}


OPTIONAL: Json = {
    "event_at": {**MOMENT, "description": "When it happened; by default when it is received."},
    "event_id": {**ID, "description": "An event that is sent twice under one id counts once."},
    "session_id": ID,
    "recommendation_id": {**TEXT, "description": "Of the answer that the item was shown in."},
    "page_view_id": ID,
    "context": {
        "type": "object",
        "maxProperties": MAX_CONTEXT_MEMBERS,
        "propertyNames": {"maxLength": MAX_CONTEXT_NAME},
        "additionalProperties": {
            "type": ["string", "number", "boolean", "null"],
            "maxLength": MAX_CONTEXT_TEXT,
            "minimum": -MAX_CONTEXT_NUMBER,
            "maximum": MAX_CONTEXT_NUMBER,
        },
    },
}
COMMON: Json = {name: nullable(schema) for name, schema in OPTIONAL.items()}
TAKEN: Json = {
    "type": "object",
    "properties": {
        "accepted": {"type": "integer", "minimum": 1},
        "rejected": array(ref("RejectedEvent")),
        "durability": {
            "enum": ["fsync", "process", "spool"],
            "description": "What the accepted events survive: the loss of power (`fsync` in the "
            "log, `spool` on the disk of this service), or the end of a process.",
        },
    },
    "required": ["accepted", "rejected", "durability"],
    "additionalProperties": False,
}
SCHEMAS: Json = {
    "RejectedEvent": members({"index": COUNT, "type": {"enum": list(KINDS)}, "detail": TEXT}),
    "ShownItem": members({"item_id": ID, "position": nullable(POSITION)}, optional=["position"]),
    "Impression": members(
        {
            "event_type": {"const": IMPRESSION},
            "user_id": {**nullable(ID), "description": "Left out by visitors."},
            **COMMON,
            "recommendation_id": TEXT,
            "page_view_id": {**ID, "description": "The same for one showing of a page."},
            "items": {
                **nullable(
                    array({"anyOf": [POSITION, ref("ShownItem")]}, minItems=1, maxItems=MAX_ITEMS)
                ),
                "description": "What was seen; all items of the answer by default.",
            },
        },
        optional=["user_id", "event_at", "event_id", "session_id", "context", "items"],
    ),
    "Taken": TAKEN,
}
CLICK: Json = {"event_type": "click", "user_id": "1", "item_id": "1082185"}
SHOWN: Json = {
    "event_type": IMPRESSION,
    "user_id": "1",
    "recommendation_id": "MQBob21l.3q2-7w3q2-7w3q2-7w3q2w",
    "page_view_id": "c0ffee",
    "items": [1, 2, 3],
}


def paths(rules: Rules) -> Json:
    """Route → operations."""
    action = members(
        {
            "event_type": {"type": "string", "enum": list(rules.event_types)},
            "user_id": ID,
            "item_id": ID,
            **COMMON,
            "value": nullable(NUMBER),
            "quantity": nullable(NUMBER),
            "position": nullable(POSITION),
        },
        optional=[*COMMON, "value", "quantity", "position"],
    )
    event = {"anyOf": [action, ref("Impression")]}
    batch = array(event, minItems=1, maxItems=rules.intake.max_events)
    asked = {"anyOf": [*event["anyOf"], batch, members({"events": batch})]}
    examples = {"one click": CLICK, "several": {"events": [SHOWN, CLICK]}}
    taken = {"accepted": 1, "rejected": [], "durability": "fsync"}
    detail = "position = 0: expected a whole number from 1 to 10000"
    wrong = {"index": 1, "type": "invalid", "detail": detail}
    return {
        "/events": {
            "post": {
                "operationId": "postEvents",
                "tags": [TAG],
                "summary": "Take in what users saw and did",
                "description": "One event, a list, or an object with a list. `text/plain` is read "
                "as JSON, too, as beacons send it. A bad event keeps no other one out. When the "
                "answer comes, the events are kept.",
                "requestBody": body(asked, examples),
                "responses": {
                    "202": answer("All events are taken in.", ref("Taken"), taken),
                    "207": answer(
                        "Some events are bad, the others are taken in.",
                        ref("Taken"),
                        {**taken, "rejected": [wrong]},
                    ),
                    **problems(
                        *("400", "401", "403", "408", "409Forgotten", "413", "414", "415"),
                        *("422", "429", "500", "503"),
                    ),
                },
            },
        },
    }
