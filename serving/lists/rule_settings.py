"""The tables `[serving.rules.<name>]`: in which situation what changes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from settings import Section
from settings.project import Identifier

Tier = Literal["personal", "session", "segment", "context", "trending", "global", "static"]

_HOURS = re.compile(r"([0-9]{1,2})(?:-([0-9]{1,2}))?")


def _check_hours(text: str) -> str:
    found = _HOURS.fullmatch(text)
    if found is None or any(int(hour) > 23 for hour in found.groups() if hour):
        raise ValueError('expected an hour or a range of hours, such as "7", "6-11" or "22-5"')
    return text


Hours = Annotated[str, AfterValidator(_check_hours)]
Value = Annotated[str, Field(min_length=1, max_length=64)]
Values = Annotated[list[Value], Field(min_length=1)]
Id = Annotated[str, Field(min_length=1, max_length=1024)]


class WhenSettings(Section):
    """When a rule applies: every key that is set has to hold; none is set: always."""

    surface: Annotated[list[Identifier], Field(min_length=1)] = []  # one of these
    # Hours of the request's `hour`, or ranges with both ends, also over midnight ("22-5").
    hour: Annotated[list[Hours], Field(min_length=1)] = []
    device: Values = []  # one of these, spelt as requests spell it
    country: Values = []  # likewise
    # Name → values of `context.<name>`: `context.weather = ["rain", "snow"]`.
    context: dict[Identifier, Values] = {}


class RuleSettings(Section):
    """A rule of answers; several that apply add up, in the order of the settings file."""

    when: WhenSettings = WhenSettings()
    exclude_items: list[Id] = []  # item ids that are not shown
    exclude_categories: list[Id] = []  # spelt as `category` of the items
    # Nothing else is shown; of several rules, what all of them name.
    only_categories: Annotated[list[Id], Field(min_length=1)] = []
    # In place of `[serving] tiers`; of several rules, those of the last.
    tiers: Annotated[list[Tier], Field(min_length=1)] = []

    @model_validator(mode="after")
    def _check_effect(self) -> Self:
        effects = (self.exclude_items, self.exclude_categories, self.only_categories, self.tiers)
        if not any(effects):
            raise ValueError(
                "a rule without effect; give it exclude_items, exclude_categories, "
                "only_categories or tiers"
            )
        return self


def hours_of(ranges: Iterable[str]) -> list[str]:
    """Every hour that *ranges* name, as requests write it."""
    found = []
    for text in ranges:
        first, _, last = text.partition("-")
        start, end = int(first), int(last or first)
        found += [str((start + step) % 24) for step in range((end - start) % 24 + 1)]
    return found
