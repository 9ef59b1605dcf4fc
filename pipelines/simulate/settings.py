"""The `[simulate]` section."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from settings import Section
from settings.durations import PositiveDuration

Share = Annotated[float, Field(ge=0, le=1)]


class SimulateSettings(Section):
    """How shoppers behave where purchases of the past say nothing about it.

    What they need is fitted on the lake; see docs/reference/simulation.md.
    """

    section_name: ClassVar[str] = "simulate"

    surface: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")] = "home"
    items: Annotated[int, Field(ge=1, le=100)] = 12  # on a page
    history: PositiveDuration = timedelta(days=84)  # purchases that make a habit
    fitted_on: PositiveDuration = timedelta(days=14)  # visits that the choice model is fitted on
    # Visits of the application for each visit of the shop; the other ones buy only what they see.
    visits_per_purchase: Annotated[float, Field(ge=1, le=20)] = 3.0
    more_pages: Annotated[float, Field(ge=0, le=0.9)] = 0.5  # chance of one page view more
    # The k-th place is looked at with probability 1 / k ** bias.
    position_bias: Annotated[float, Field(ge=0, le=5)] = 0.7
    appeal: Annotated[float, Field(ge=-10, le=10)] = 0.5  # logit of a click above that of a need
    curiosity: Share = 0.005  # of items looked at are clicked without any need
    bought_when_clicked: Share = 0.4
    drift: Share = 0.05  # of shoppers take to a category a day, and tire of one
    drift_size: Annotated[float, Field(ge=0, le=10)] = 1.5  # logit
    new_users: Share = 0.01  # a day, of all users
    new_items: Annotated[int, Field(ge=0, le=1000)] = 10  # a day, each like one that sells
    lost: Share = 0.03  # of beacons never arrive
    repeated: Share = 0.02  # of beacons are sent again, for their answer was lost
    doubled: Share = 0.04  # of clicks are double clicks
    skew: PositiveDuration = timedelta(seconds=30)  # standard deviation of the browsers' clocks
    wrong_clocks: Share = 0.01  # of browsers are an hour ahead
