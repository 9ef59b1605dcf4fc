"""Versions, their provenance, and items that nobody is shown."""

from __future__ import annotations

from serving.openapi.parts import (
    COUNT,
    FLAG,
    MOMENT,
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
    members,
    problems,
    ref,
)
from store.keys import VERSION_PATTERN
from store.pointer import MAX_REASON

TAG = "Operation"
ABOUT = "Which version is live, where it came from, and what nobody is shown."

_ROW = {
    "version": TEXT,
    "state": {"type": "string", "enum": ["loading", "ready", "retiring"]},
    "live": FLAG,
    "as_of": MOMENT,
    "created": MOMENT,
    "published_at": NULLABLE_MOMENT,
    "deactivated_at": NULLABLE_MOMENT,
    "model": NULLABLE_TEXT,
    "surfaces": array(TEXT),
    "metrics": {"type": "object", "description": "Surface → metric → value."},
}
SCHEMAS: Json = {
    "Pointer": members({"version": NULLABLE_TEXT, "generation": COUNT, "hold": NULLABLE_TEXT}),
    "Version": members(_ROW),
    "Versions": members({"active": ref("Pointer"), "versions": array(ref("Version"))}),
    "VersionDetails": members(
        {
            **_ROW,
            "manifest": {
                "type": ["object", "null"],
                "description": "What the night wrote of it; null while it is loading.",
            },
        }
    ),
    "Activated": members({"before": ref("Pointer"), "after": ref("Pointer")}),
    "Hiding": members({"item_id": TEXT, "hidden": FLAG, "changed": FLAG}),
    "Hidden": members({"n": COUNT, "items": array(TEXT)}),
}
_EXAMPLE = {
    "version": VERSION,
    "state": "ready",
    "live": True,
    "as_of": "2018-01-01T00:00:00Z",
    "created": "2018-01-01T04:11:58.020304Z",
    "published_at": "2018-01-01T04:12:09.123456Z",
    "deactivated_at": None,
    "model": "ranker",
    "surfaces": ["home", "discover"],
    "metrics": {"home": {"ndcg@20": 0.36}},
}
_POINTER = {"version": VERSION, "generation": 7, "hold": None}
_MANIFEST = {"run_id": VERSION[:-9], "as_of": "2018-01-01T00:00:00", "model": "ranker"}
_READ = ("400", "401", "403", "414", "429", "500", "503")
_VERSION_ID = {"type": "string", "pattern": f"^{VERSION_PATTERN.pattern}$"}
_REASON = rf"^{PRINTABLE[1:-2]}*[!-)+-~]+$"  # not blank alone, not `*`
_ITEM_PATH = "/items/{item}/hidden"


def paths(rules: Rules) -> Json:
    """Route → operations."""
    version = in_path("version", "A version's id.", VERSION, _VERSION_ID)
    hold = {"type": ["string", "null"], "minLength": 1, "maxLength": MAX_REASON, "pattern": _REASON}
    held = {**_POINTER, "generation": 8, "hold": "the lists of Tuesday show toys alone"}
    details = {**_EXAMPLE, "manifest": _MANIFEST}
    return {
        "/versions": {
            "get": {
                "operationId": "getVersions",
                "tags": [TAG],
                "summary": "The versions that the store keeps, newest first",
                "responses": {
                    "200": answer(
                        "What is live, and what else there is.",
                        ref("Versions"),
                        {"active": _POINTER, "versions": [_EXAMPLE]},
                    ),
                    **problems(*_READ),
                },
            },
        },
        "/versions/{version}": {
            "parameters": [version],
            "get": {
                "operationId": "getVersion",
                "tags": [TAG],
                "summary": "One version and its provenance",
                "responses": {
                    "200": answer("The version.", ref("VersionDetails"), details),
                    **problems(*_READ, "404Version"),
                },
            },
        },
        "/versions/{version}/activate": {
            "parameters": [version],
            "post": {
                "operationId": "activateVersion",
                "tags": [TAG],
                "summary": "Make a version live (admin)",
                "description": "Past a hold. `hold` sets one with that reason: later nights "
                "load their lists and do not show them until it is released.",
                "requestBody": body(
                    members({"hold": hold}, optional=["hold"]),
                    {"hold": {"hold": held["hold"]}, "no hold": {}},
                    required=False,
                ),
                "responses": {
                    "200": answer(
                        "The pointer before and after.",
                        ref("Activated"),
                        {"before": {**_POINTER, "version": VERSION}, "after": held},
                    ),
                    **problems(*_READ, "404Version", "408", "409", "413", "415", "422"),
                },
            },
        },
        "/hidden": {
            "get": {
                "operationId": "getHidden",
                "tags": [TAG],
                "summary": "The items that nobody is shown (admin)",
                "responses": {
                    "200": answer("Their ids.", ref("Hidden"), {"n": 1, "items": ["1082185"]}),
                    **problems(*_READ),
                },
            },
        },
        _ITEM_PATH: {
            "parameters": [in_path("item", "The item's id.", "1082185")],
            "put": _hiding("hideItem", "Show an item to nobody (admin)", hidden=True),
            "delete": _hiding("unhideItem", "Show a hidden item again (admin)", hidden=False),
        },
    }


def _hiding(operation: str, summary: str, *, hidden: bool) -> Json:
    example = {"item_id": "1082185", "hidden": hidden, "changed": True}
    return {
        "operationId": operation,
        "tags": [TAG],
        "summary": summary,
        "description": "Every process follows within `[serving] poll_every`.",
        "responses": {
            "200": answer("Whether anything changed.", ref("Hiding"), example),
            **problems(*_READ, "422"),
        },
    }
