"""The section of event types, which night and day share."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from settings.loader import Section
from settings.project import Identifier


class EventSettings(Section):
    """Event types that exist, and how much each says about a user's interest."""

    section_name: ClassVar[str] = "events"

    # Event type → weight; an event of another type goes to quarantine.
    weights: dict[Identifier, Annotated[float, Field(ge=0, le=1000)]] = {
        "view": 0.1,
        "click": 0.3,
        "like": 0.7,
        "share": 1.0,
        "purchase": 1.0,
    }
