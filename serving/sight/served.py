"""What is noted of an answer; the route that makes it says `g.served = Served(…)`."""

from __future__ import annotations

from typing import Literal, NamedTuple

UserKind = Literal["known", "unknown", "none"]


class Served(NamedTuple):
    """One answer with items."""

    surface: str
    tier: str  # of its first item
    user: UserKind  # whether the store has something of the user; none: asked without one
    given: int  # items
    asked: int  # items


class Request(NamedTuple):
    """One answered request."""

    route: str  # its template, never its path
    method: str
    status: int
    seconds: float
    served: Served | None


def user_kind(user_id: str | None, *, is_known: bool) -> UserKind:
    """How the metrics call the user of a request; never who it is."""
    if user_id is None:
        return "none"
    return "known" if is_known else "unknown"
