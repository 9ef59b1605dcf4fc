"""How the computed tables are made; light to import, since `check` needs no more than this."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from settings import Section
from settings.durations import PositiveDuration


class GraphSettings(Section):
    """The graphs of items that meet in baskets, and of users who meet in items."""

    window: PositiveDuration = timedelta(days=56)  # purchases before the cutoff
    max_basket: Annotated[int, Field(ge=2, le=1000)] = 60  # items; larger baskets link all with all
    max_buyers: Annotated[int, Field(ge=2, le=10_000)] = 200  # users of an item, likewise
    neighbours: Annotated[int, Field(ge=1, le=1000)] = 20  # strongest links that a node keeps
    resolution: Annotated[float, Field(gt=0, le=100)] = 1.0  # more makes communities smaller


class VectorSettings(Section):
    """The factorisation whose vectors SQL files read; the generators have their own."""

    window: PositiveDuration = timedelta(days=168)  # events before the cutoff
    factors: Annotated[int, Field(ge=1, le=256)] = 16  # numbers that describe a user, an item
    regularization: Annotated[float, Field(ge=0)] = 10.0  # more keeps vectors shorter
    confidence: Annotated[float, Field(gt=0)] = 20.0  # weight of a seen pair over an unseen one
    iterations: Annotated[int, Field(ge=1, le=200)] = 5  # over all users, then all items
