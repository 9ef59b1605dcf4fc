"""Rules that every list obeys, and the sentences that explain an item."""

from __future__ import annotations

import string
from collections.abc import Callable
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from settings import Section
from settings.project import Identifier


class ListSettings(Section):
    """What is never shown, whatever its score."""

    section_name: ClassVar[str] = "lists"

    unique_by: Literal["title", "item"] = "title"  # no list shows two items with one title
    only_available: bool = True  # nothing that items.available denies
    # Item ids; TOML brings a list.
    blocked_items: Annotated[tuple[str, ...], Field(strict=False)] = ()
    fallback_length: Annotated[int, Field(ge=1, le=1000)] = 100  # items of a shared list
    # Smaller segments, and values of a context with fewer users, get no list.
    min_segment_users: Annotated[int, Field(ge=1)] = 20
    # What the popular lists of the tier `context` are by: `hour` is the part of the day, others
    # are keys of the events' column `context`. TOML brings a list.
    contexts: Annotated[tuple[Identifier, ...], Field(strict=False, max_length=10)] = (
        "hour",
        "device",
        "country",
    )
    max_context_values: Annotated[int, Field(ge=1, le=500)] = 20  # of each, the most frequent
    explained_items: Annotated[int, Field(ge=0, le=1000)] = 40  # of a list, with a named item
    # Of a list, with what the ranker's trees say for and against them: read for explain=1.
    explain_items: Annotated[int, Field(ge=0, le=50)] = 5
    explain_budget: Annotated[float, Field(ge=0, le=10)] = 0.15  # of the scoring, at most
    # Levels of trees that an explanation looks at in the time in which a candidate is proposed,
    # described and scored; measured, see docs/decisions/explanations.md.
    explain_steps: Annotated[int, Field(ge=1)] = 350


class SimilarSettings(Section):
    """Items next to items, for sessions and for `GET /items/<item>/similar`."""

    section_name: ClassVar[str] = "similar"

    generator: Identifier = "item_item"  # whose neighbours they are, one that a surface uses
    items: Annotated[int, Field(ge=0, le=200)] = 20  # next to an item; 0: none are published


class VectorSettings(Section):
    """Vectors of users and items, which `POST /rank` orders a caller's candidates by."""

    section_name: ClassVar[str] = "vectors"

    enabled: bool = True  # false: none are published
    # Surface → generator with vectors, "" for none. Without an entry the best of the surface's
    # own generators that have vectors.
    models: dict[Identifier, Annotated[str, Field(pattern=r"^([a-z][a-z0-9_]{0,31})?$")]] = {}


def placeholders(template: str) -> set[str]:
    """What *template* names in braces; raises `ValueError` when braces are left open."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def _allow(*known: str) -> Callable[[str], str]:
    """A check that a template names nothing but *known*."""

    def check(text: str) -> str:
        try:
            unknown = placeholders(text) - set(known)
        except ValueError as error:
            raise ValueError(f"not a template: {error}") from None
        if unknown:
            names = ", ".join(f"{{{name}}}" for name in known)
            raise ValueError(f"unknown {{{min(unknown)}}}; known: {names}")
        return text

    return check


Sentence = Annotated[str, Field(min_length=1, max_length=200)]
Template = Annotated[Sentence, AfterValidator(_allow("item", "category"))]
OfSegment = Annotated[Sentence, AfterValidator(_allow("segment", "category"))]
Plain = Annotated[Sentence, AfterValidator(_allow("category"))]


class ReasonSettings(Section):
    """One template a reason code.

    `{item}` is the title of the user's own item that explains it, by the generator that ranked it
    best; `{category}` the item's own category; `{segment}` the user's segment.
    """

    section_name: ClassVar[str] = "reasons"

    bought_often: Plain = "You buy this often"  # three purchases of the user or more
    bought_before: Plain = "You bought this before"  # fewer than three
    seen_before: Plain = "You looked at this before"  # events, but no purchase
    goes_with: Template = "Goes well with {item}"  # found by item_item
    bought_together: Template = "Often bought together with {item}"  # found by bought_together
    comes_next: Template = "Often next after {item}"  # found by next_item
    content: Template = "Similar to {item}"  # found by content or embeddings
    due_again: Plain = "Time for more"  # found by due_again
    # Found by als and others that liken users; also instead of what has no item to name.
    similar_baskets: Template = "Liked by shoppers with baskets like yours"
    # Found by segment_popularity, and the lists of a segment.
    popular_in_segment: OfSegment = "Popular with households like yours"
    popular_now: Plain = "Popular right now"  # found by recent_popularity, and trending lists
    popular: Plain = "A favourite of all our shoppers"  # global lists
    for_you: Plain = "Picked for you"  # where similar_baskets has no item to name either
