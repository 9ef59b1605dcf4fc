"""Rules that every list obeys, and the sentences that explain an item."""

from __future__ import annotations

import string
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from settings import Section

PLACEHOLDERS = {"item", "category"}


class ListSettings(Section):
    """What is never shown, whatever its score."""

    section_name: ClassVar[str] = "lists"

    unique_by: Literal["title", "item"] = "title"  # no list shows two items with one title
    only_available: bool = True  # nothing that items.available denies
    # Item ids; TOML brings a list.
    blocked_items: Annotated[tuple[str, ...], Field(strict=False)] = ()
    fallback_length: Annotated[int, Field(ge=1, le=1000)] = 100  # items of a shared list
    min_segment_users: Annotated[int, Field(ge=1)] = 20  # smaller segments get no list
    explained_items: Annotated[int, Field(ge=0, le=1000)] = 40  # of a list, with a named item


def _check_template(text: str) -> str:
    try:
        names = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError as error:
        raise ValueError(f"not a template: {error}") from None
    if names - PLACEHOLDERS:
        raise ValueError(
            f"unknown {{{sorted(names - PLACEHOLDERS)[0]}}}; known: {{item}}, {{category}}"
        )
    return text


Template = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_check_template)]


class ReasonSettings(Section):
    """One template a reason code; `{item}` is the title of the item that explains it."""

    section_name: ClassVar[str] = "reasons"

    bought_often: Template = "You buy this often"  # three purchases of the user or more
    bought_before: Template = "You bought this before"  # fewer than three
    seen_before: Template = "You looked at this before"  # events, but no purchase
    goes_with: Template = "Goes well with {item}"  # found by item_item
    bought_together: Template = "Often bought together with {item}"  # found by bought_together
    comes_next: Template = "Often next after {item}"  # found by next_item
    due_again: Template = "Time for more"  # found by due_again
    # Found by als, or by item_item without an item to name.
    similar_baskets: Template = "Liked by shoppers with baskets like yours"
    # Found by segment_popularity, and the lists of a segment.
    popular_in_segment: Template = "Popular with households like yours"
    popular_now: Template = "Popular right now"  # found by recent_popularity, and trending lists
    popular: Template = "A favourite of all our shoppers"  # global lists
