"""The `[intake]` section."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from settings import Section
from settings.durations import PositiveDuration


class IntakeSettings(Section):
    """Which events are taken in, how many, and what is done with them meanwhile."""

    section_name: ClassVar[str] = "intake"

    # By how far `event_at` may be ahead of this service's clock, and behind it.
    max_future: PositiveDuration = timedelta(minutes=5)
    max_age: PositiveDuration = timedelta(days=7)
    max_events: Annotated[int, Field(ge=1, le=5000)] = 500  # of one request
    # Of the whole service, shared evenly by its workers; what comes on top is answered 429.
    max_per_second: Annotated[int, Field(ge=1, le=1_000_000)] = 5000  # events
    max_in_flight: Annotated[int, Field(ge=1, le=100_000)] = 400  # requests
    # Of each worker, in bytes: events that wait on disk while the log is away.
    max_spool: Annotated[int, Field(ge=100_000)] = 256_000_000
    # Each answer of GET /recs is an impression, appended by the server itself when it can.
    log_exposures: bool = False
    # X-Simulated-Time says what time it is: for simulations, and only on loopback.
    simulated_clock: bool = False
