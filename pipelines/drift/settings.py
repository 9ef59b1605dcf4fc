"""How far features may drift, and against what."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from pipelines.quality.settings import Share
from settings import Section
from settings.durations import PositiveDuration


class DriftSettings(Section):
    """Limits of drift for the files whose header sets none, and the runs to compare with."""

    section_name: ClassVar[str] = "drift"

    # Population stability index; by custom 0.1 is worth a look and 0.25 is another population.
    max_psi: Annotated[float, Field(gt=0, le=100)] = 0.25
    max_null_share_change: Share = 0.1  # up or down
    runs: Annotated[int, Field(ge=1, le=60)] = 7  # finished runs whose mean tonight stands beside
    compare_within: PositiveDuration = timedelta(days=14)  # older runs are no measure of tonight
    # Rows of one table that are looked at, about; the same ones every night.
    sample_rows: Annotated[int, Field(ge=1_000)] = 50_000
