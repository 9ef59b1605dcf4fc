"""Spans of time in the settings, written as people say them: `"36h"`, `"30m"`, `"45s"`."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema

UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
DURATION_PATTERN = r"^(\d{1,9})(ms|s|m|h|d)$"
LONGEST = timedelta(days=36_500)  # a hundred years: no sum of moments leaves the calendar


def parse_duration(text: str) -> timedelta:
    """The span that *text* names: a whole number, then `ms`, `s`, `m`, `h` or `d`.

    Raises `ValueError` saying what was found and what a duration looks like.
    """
    match = re.fullmatch(DURATION_PATTERN, text)
    if match is None:
        raise ValueError(
            f'{text!r} is not a duration; write a whole number and a unit (ms, s, m, h, d): "36h"'
        )
    number, unit = match.groups()
    span = timedelta(**{UNITS[unit]: int(number)})
    if span > LONGEST:
        raise ValueError(f"{text!r} is too long; expected at most {format_duration(LONGEST)}")
    return span


def format_duration(span: timedelta) -> str:
    """*span* in the largest unit that divides it, so that it parses back to itself."""
    milliseconds = span // timedelta(milliseconds=1)
    for unit in ("d", "h", "m", "s"):
        size = timedelta(**{UNITS[unit]: 1}) // timedelta(milliseconds=1)
        if milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"


def _accept(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str):
        return parse_duration(value)
    raise ValueError(f'{value!r} is not a duration; write it in quotes with a unit, like "36h"')


def _above_zero(span: timedelta) -> timedelta:
    if span <= timedelta(0):
        raise ValueError("expected more than 0s")
    return span


Duration = Annotated[
    timedelta,
    BeforeValidator(_accept),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": 'duration like "36h", "30m" or "45s"'}, mode="validation"),
    WithJsonSchema({"type": "string"}, mode="serialization"),
]
PositiveDuration = Annotated[
    Duration,
    AfterValidator(_above_zero),
    WithJsonSchema({"type": 'duration above 0 like "36h", "30m" or "45s"'}, mode="validation"),
]
