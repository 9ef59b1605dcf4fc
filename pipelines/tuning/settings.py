"""How much a search may cost, and on how many users its trials are compared."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from settings import Section
from settings.durations import PositiveDuration


class TuningSettings(Section):
    """What `python -m pipelines tune` takes when nothing else is said; no night reads it."""

    section_name: ClassVar[str] = "tuning"

    budget: PositiveDuration = timedelta(minutes=20)  # wall clock of all studies together
    # Sampled from the window: one half compares trials, the other one confirms the best.
    max_users: Annotated[int, Field(ge=2)] = 2000
