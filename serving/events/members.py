"""Members of an event, checked by hand: what is wrong is named, and never sent back whole."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

from serving.events.problem import EventProblem

LONGEST = 128  # characters of an id
MAX_POSITION = 10_000
MAX_CONTEXT_MEMBERS = 20
MAX_CONTEXT_NAME = 64  # characters
MAX_CONTEXT_TEXT = 128  # characters
MAX_CONTEXT_NUMBER = 1e15
_NUMBER = re.compile(r"[0-9]{1,14}(\.[0-9]{1,4})?")
_MOST = Decimal(10) ** 14
_PLACES = Decimal("0.0001")
_SHOWN = 100


def wrong(name: str, found: Any, expected: str) -> EventProblem:
    """The problem of the member *name*."""
    shown = json.dumps(found)[:_SHOWN]
    return EventProblem("invalid", f"{name} = {shown}: expected {expected}")


def missing(name: str, expected: str) -> EventProblem:
    """The problem of an event without the member *name*."""
    return EventProblem("invalid", f"{name} is missing: expected {expected}")


def read_id(event: dict[str, Any], name: str) -> str | None:
    """The id under *name*, 1 to 128 characters without NUL; None where there is none."""
    value = event.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not 1 <= len(value) <= LONGEST or "\0" in value:
        raise wrong(name, value, f"text of 1 to {LONGEST} characters without NUL")
    return value


def read_number(event: dict[str, Any], name: str) -> str | None:
    """The number under *name* as decimal text of at most four places; it may be text already."""
    value = event.get(name)
    if value is None:
        return None
    expected = "a number from 0, below 10^14; as text with at most 4 decimal places"
    if isinstance(value, str):
        if _NUMBER.fullmatch(value) is None:
            raise wrong(name, value, expected)
        number = Decimal(value)
    elif isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e14:
        raise wrong(name, value, expected)
    else:
        number = Decimal(repr(value)).quantize(_PLACES)
        if number >= _MOST:
            raise wrong(name, value, expected)
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def read_position(value: Any, name: str = "position") -> int | None:
    """The position *value*, counted from 1."""
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():  # JSON does not tell 5.0 from 5
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_POSITION:
        raise wrong(name, value, f"a whole number from 1 to {MAX_POSITION}")
    return value


def read_context(event: dict[str, Any]) -> str | None:
    """The context as JSON: a flat object of few members."""
    context = event.get("context")
    if context is None:
        return None
    is_good = isinstance(context, dict) and len(context) <= MAX_CONTEXT_MEMBERS
    if not is_good or not all(
        len(name) <= MAX_CONTEXT_NAME and _is_small(value) for name, value in context.items()
    ):
        raise wrong(
            "context",
            context,
            f"an object of at most {MAX_CONTEXT_MEMBERS} names of up to {MAX_CONTEXT_NAME} "
            f"characters, with texts of up to {MAX_CONTEXT_TEXT}, numbers from -10^15 to 10^15, "
            "true, false or null",
        )
    return json.dumps(context, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _is_small(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= MAX_CONTEXT_TEXT
    if isinstance(value, int | float):
        return abs(value) <= MAX_CONTEXT_NUMBER
    return value is None
