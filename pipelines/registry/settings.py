"""The `[gate]` section."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from settings import Section

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]


class GateSettings(Section):
    """What a night must have, and a new model must be, before readers see its lists."""

    section_name: ClassVar[str] = "gate"

    min_events: Count = 100  # before as_of; with fewer the night does not begin
    min_users: Count = 10  # with an event before as_of
    min_items: Count = 10  # with an event before as_of
    min_evaluated_users: Count = 5  # of each surface, on both sides of the evaluated cutoff
    tolerance: Share = 0.0  # NDCG@20 that may be lost to the champion even beyond noise
    max_fill_drop: Share = 0.1  # of the share of users with a filled list, against the live lists
    max_coverage_drop: Share = 0.5  # of the live lists' coverage of the catalogue, relative
    max_churn: Share = 0.95  # mean share of a user's first 20 items that the live list has not
