"""How lists are made anew by day."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from settings import Section
from settings.durations import PositiveDuration


class RefreshSettings(Section):
    """Whose lists are made anew, and of which events."""

    section_name: ClassVar[str] = "refresh"

    # Also events that the collector has not fetched yet, straight from the event log.
    read_stream: bool = True
    # Users with an event that came in this long before the last refresh are refreshed again:
    # a collector that is late by less loses nobody.
    overlap: PositiveDuration = timedelta(hours=1)
    max_users: Annotated[int, Field(ge=1)] = 20_000  # of one refresh, the others have the next
