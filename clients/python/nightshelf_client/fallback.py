"""What to show while the service is away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nightshelf_client.answers import Answer
from nightshelf_client.errors import AwayError


@dataclass(frozen=True, kw_only=True)
class Away:
    """A question that was not answered: whose (None for a session or an item), and why.

    `held` is the last answer to the same question that the client still holds, if any.
    """

    user_id: str | None
    surface: str
    error: AwayError
    held: Answer | None


# Gives the answer to show, or raises.
Fallback = Callable[[Away], Answer]


def empty(away: Away) -> Answer:
    """No items: the page does without."""
    return Answer(
        user_id=away.user_id,
        surface=away.surface,
        served_by="static",
        items=(),
        recommendation_id="",
        version=None,
        model=None,
        generated_at=None,
        published_at=None,
        stale=True,
    )


def held_or_empty(away: Away) -> Answer:
    """The last answer to the same question, else no items."""
    return empty(away) if away.held is None else away.held
