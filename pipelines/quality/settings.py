"""How far a night may stray before a gate stops it."""

from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from settings import Section
from settings.durations import Duration

Share = Annotated[float, Field(ge=0, le=1)]


class QualitySettings(Section):
    """Bounds of the three gates; shares are fractions of 1."""

    section_name: ClassVar[str] = "quality"

    # Against the last finished run: |rows − before| / before, up or down.
    max_row_change: Annotated[float, Field(ge=0, le=1000)] = 0.5
    compare_within: Duration = timedelta(days=14)  # an older run says nothing about tonight
    min_compared_rows: Annotated[int, Field(ge=1)] = 100  # smaller tables may jump about
    max_duplicates: Share = 0.25  # of delivered events; they are dropped, but tell of a bad export
    min_list_items: Annotated[int, Field(ge=1, le=1000)] = 10  # what counts as a filled list
    min_fill_rate: Share = 0.5  # of all users have a filled list
    min_active_fill_rate: Share = 0.95  # of users with an event have some list
    min_coverage: Share = 0.001  # of the catalogue is in some list
    max_failing_rows: Annotated[int, Field(ge=1, le=100)] = 10  # shown for one failure
