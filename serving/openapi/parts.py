"""The pieces that descriptions of routes are put together from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serving.events.settings import IntakeSettings
from serving.manners.limits import LimitSettings
from serving.settings import ServingSettings
from settings import Settings
from settings.events import EventSettings

Json = dict[str, Any]

TEXT: Json = {"type": "string"}
NULLABLE_TEXT: Json = {"type": ["string", "null"]}
FLAG: Json = {"type": "boolean"}
COUNT: Json = {"type": "integer", "minimum": 0}
MOMENT: Json = {"type": "string", "format": "date-time"}
NULLABLE_MOMENT: Json = {"type": ["string", "null"], "format": "date-time"}
# ASCII and the letters after it: what is printable in all of Unicode no pattern says.
PRINTABLE = r"^[ -~\u00c0-\u024f]+$"
# What an id may be: any characters but NUL, of Unicode that has a form in UTF-8.
ID: Json = {"type": "string", "minLength": 1, "maxLength": 128, "pattern": r"^[^\x00]+$"}
VERSION = "20180101T000000-3cf50bee92aa-1f0c9ab2"

REQUEST_ID_EXAMPLE = "4f1c0a2e9d7b4c6f8a5e3b2d1c0f9e8d"
HEADERS: Mapping[str, Json] = {
    "ETag": {"description": "Of the meaning, for `If-None-Match`.", "schema": TEXT},
    "X-Recs-Version": {"description": "The version answered from.", "schema": TEXT},
    "X-Recs-Tier": {"description": "The tier of the first item.", "schema": TEXT},
    "Server-Timing": {"description": "Milliseconds spent, by part.", "schema": TEXT},
    "X-Request-ID": {"description": "The request's own, or one made for it.", "schema": TEXT},
    "Retry-After": {"description": "Seconds to wait.", "schema": COUNT},
}


@dataclass(frozen=True)
class Rules:
    """What the settings decide about requests."""

    serving: ServingSettings
    limits: LimitSettings
    intake: IntakeSettings
    event_types: tuple[str, ...]  # of actions

    @classmethod
    def of(cls, settings: Settings) -> Rules:
        """Those of *settings*."""
        return cls(
            settings.read(ServingSettings),
            settings.read(LimitSettings),
            settings.read(IntakeSettings),
            tuple(settings.read(EventSettings).weights),
        )


def ref(name: str) -> Json:
    """The schema *name*."""
    return {"$ref": f"#/components/schemas/{name}"}


def array(items: Json, **more: Any) -> Json:
    """A list of *items*."""
    return {"type": "array", "items": items, **more}


def members(properties: Mapping[str, Json], optional: Sequence[str] = ()) -> Json:
    """An object of exactly these members."""
    required = [name for name in properties if name not in optional]
    return {
        "type": "object",
        "properties": dict(properties),
        "required": required,
        "additionalProperties": False,
    }


def in_path(name: str, description: str, example: str, schema: Json | None = None) -> Json:
    """A part of the path; an id may hold slashes, percent-encoded."""
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": ID if schema is None else schema,
        "example": example,
    }


def in_query(name: str, description: str, schema: Json, example: Any, **more: Any) -> Json:
    """A parameter after the `?`, which may be left out."""
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
        "example": example,
        **more,
    }


IF_NONE_MATCH: Json = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The `ETag` of an answer held already; 304 while it is still that one.",
    "schema": TEXT,
    "example": '"9f86d081884c7d65"',
}


def answer(description: str, schema: Json, example: Any, headers: Sequence[str] = ()) -> Json:
    """A response of JSON."""
    return {
        "description": description,
        "headers": {name: HEADERS[name] for name in ("X-Request-ID", *headers)},
        "content": {"application/json": {"schema": schema, "example": example}},
    }


def not_modified() -> Json:
    """The response without a body."""
    names = ("X-Request-ID", "ETag")
    return {
        "description": "What was held already is still the answer.",
        "headers": {name: HEADERS[name] for name in names},
    }


def body(schema: Json, examples: Mapping[str, Any], *, required: bool = True) -> Json:
    """A request body of JSON; *examples* by name."""
    shown = {name: {"value": value} for name, value in examples.items()}
    return {
        "required": required,
        "content": {"application/json": {"schema": schema, "examples": shown}},
    }


def problems(*names: str) -> Json:
    """Status → shared response, for problems named as in `problems.PROBLEMS`."""
    return {name[:3]: {"$ref": f"#/components/responses/{name}"} for name in names}
