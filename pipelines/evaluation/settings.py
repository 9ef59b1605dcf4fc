"""How sure the intervals are."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from settings import Section


class EvaluationSettings(Section):
    """Bootstrap of the metrics over users."""

    section_name: ClassVar[str] = "evaluation"

    bootstrap_rounds: Annotated[int, Field(ge=100, le=100_000)] = 1000  # draws of the users
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95  # of the intervals
    max_users: Annotated[int, Field(ge=1)] = 20_000  # sampled from the window
