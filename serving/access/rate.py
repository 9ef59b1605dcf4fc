"""How often something may happen, written as people say it: `"200/s"`, `"6000/m"`, `"10/5s"`."""

from __future__ import annotations

import re
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

SECONDS = {"s": 1, "m": 60, "h": 3600}
_WRITTEN = re.compile(r"(\d{1,7})/(\d{1,4})?([smh])")


class RateLimit(NamedTuple):
    """So many requests at once, and as many again in each *window* of seconds."""

    requests: int
    window: int

    def __str__(self) -> str:
        return f"{self.requests}/{self.window}s"

    @property
    def interval(self) -> float:
        """Seconds until one more is allowed."""
        return self.window / self.requests


def parse_rate(text: str) -> RateLimit:
    """The rate that *text* names: a count, `/`, then `s`, `m`, `h` or several of them.

    Raises `ValueError` saying what was found and what a rate looks like.
    """
    match = _WRITTEN.fullmatch(text)
    if match is None or not int(match[1]) or not int(match[2] or 1):
        raise ValueError(
            f'{text!r} is not a rate; write a count, a slash and a span: "200/s", "6000/m", "10/5s"'
        )
    return RateLimit(int(match[1]), int(match[2] or 1) * SECONDS[match[3]])


def _accept(value: Any) -> RateLimit:
    if isinstance(value, RateLimit):
        return value
    if isinstance(value, str):
        return parse_rate(value)
    raise ValueError(f'{value!r} is not a rate; write it in quotes: "200/s"')


Rate = Annotated[
    RateLimit,
    BeforeValidator(_accept),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": 'rate like "200/s", "6000/m" or "10/5s"'}, mode="validation"),
    WithJsonSchema({"type": "string"}, mode="serialization"),
]
