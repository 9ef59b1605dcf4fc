"""The section of event types, which night and day share."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from settings.loader import Section
from settings.project import Identifier


def _without_impression(weights: dict[str, float]) -> dict[str, float]:
    """What users were shown is no action: the name is taken, and no weight would count."""
    if "impression" in weights:
        raise ValueError("impression is what was shown and has no weight; leave it out")
    return weights


class EventSettings(Section):
    """Event types that exist, and how much each says about a user's interest."""

    section_name: ClassVar[str] = "events"

    # Event type → weight; an event of another type goes to quarantine. A table of your own takes
    # the place of this one: name the types of it that go on.
    weights: Annotated[
        dict[Identifier, Annotated[float, Field(ge=0, le=1000)]],
        AfterValidator(_without_impression),
    ] = {
        "view": 0.1,
        "click": 0.3,
        "like": 0.7,
        "share": 1.0,
        "purchase": 1.0,
    }
