"""Names of shared lists for a situation: what night and day agree on.

Both read this file, so it needs only Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

HOUR = "hour"
MAX_VALUE = 64  # characters of a value, of an event as of a request
OWN = "context."  # before names that a request makes up
PARTS_OF_DAY = ("night", "morning", "afternoon", "evening")  # six hours each, from midnight


def part_of_day(hour: int) -> str:
    """The part of the day that *hour*, 0 to 23, lies in."""
    return PARTS_OF_DAY[hour // 6]


def context_field(name: str, value: str) -> str:
    """Field of the fallback hash, after the surface: of users whose *name* is *value*."""
    return f"context/{name}={value}"


def context_fields(contexts: Sequence[str], situation: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The fields for a request's *situation*, in the order of the night's *contexts*.

    `country` and `context.country` say the same; of both the plain one counts.
    """
    said: dict[str, str] = {}
    for name, value in sorted(situation, key=lambda pair: pair[0].startswith(OWN)):
        said.setdefault(name.removeprefix(OWN), value)
    for name in contexts:
        if name not in said:
            continue
        value = said[name]
        if name == HOUR:
            if not (value.isascii() and value.isdigit() and len(value) <= 2 and int(value) < 24):
                continue  # of `context.hour`, which nobody has checked
            value = part_of_day(int(value))
        yield context_field(name, value)
