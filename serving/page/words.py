"""Moments, shares and ids as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

_STEPS = ((86_400, "day"), (3600, "hour"), (60, "minute"))

TIERS = {
    "personal": "made for this user last night",
    "session": "next to what the user looked at last",
    "segment": "popular in the user's segment",
    "context": "popular in this situation",
    "trending": "popular with everybody right now",
    "static": "the list that is kept for when nothing else can be had",
}


def age(moment: str, now: datetime | None = None) -> str:
    """How long ago *moment* (ISO, with an offset) was: `3 hours ago`."""
    seconds = int(((now or datetime.now(UTC)) - datetime.fromisoformat(moment)).total_seconds())
    for size, unit in _STEPS:
        n = seconds // size
        if n >= 1:
            return f"{n} {unit}{'' if n == 1 else 's'} ago"
    return "just now"


def minute(moment: str) -> str:
    """*moment* (ISO, UTC) to the minute: `2018-01-01 09:30`."""
    return moment[:16].replace("T", " ")


def percent(share: float) -> str:
    """*share* of 1 in whole percent."""
    return f"{round(100 * share)} %"


def place(rank: int) -> str:
    """*rank* as an ordinal: `1st`."""
    last = rank % 10 if rank % 100 not in (11, 12, 13) else 0
    return f"{rank}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(last, 'th') }"
