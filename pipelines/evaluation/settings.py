"""How sure the intervals are, and where the groups of users and items begin."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from settings import Section


class EvaluationSettings(Section):
    """Bootstrap of the metrics over users, and the groups that they are told apart by."""

    section_name: ClassVar[str] = "evaluation"

    bootstrap_rounds: Annotated[int, Field(ge=100, le=100_000)] = 1000  # draws of the users
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95  # of the intervals
    max_users: Annotated[int, Field(ge=1)] = 20_000  # sampled from the window
    new_user_events: Annotated[int, Field(ge=1)] = 5  # a user with no more events is new
    heavy_user_share: Annotated[float, Field(gt=0, lt=1)] = 0.333  # of the users not new
    new_item_days: Annotated[float, Field(ge=0)] = 28.0  # a later first event: the item is new
    head_item_share: Annotated[float, Field(gt=0, lt=1)] = 0.5  # of all events, on head items
