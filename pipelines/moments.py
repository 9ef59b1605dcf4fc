"""The one moment of a run and the grid of its cutoffs, a weekly one unless the settings say so.

For a cutoff T everything that a model sees happened before T,
and its labels happened in [T, T + horizon).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field

from settings import Section
from settings.durations import PositiveDuration
from settings.errors import NightshelfError

# A Monday, so that grid moments are Mondays, 00:00 UTC.
GRID_ORIGIN = datetime(2001, 1, 1)
WEEK = timedelta(days=7)
# Wider than any data, and far enough from the ends of the calendar to count back from.
EARLIEST, END = datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class MomentError(NightshelfError):
    """A moment is missing, impossible, or leaves no room for cutoffs."""


def to_naive_utc(moment: datetime) -> datetime:
    """*moment* with its offset taken off; without one it is UTC already.

    Raises `MomentError` unless it is in the years 1990 to 2199.
    """
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    if not EARLIEST <= aware < END:
        raise MomentError(
            f"{moment.isoformat()} is out of range; expected a moment of the years "
            f"{EARLIEST.year} to {END.year - 1}"
        )
    return aware.astimezone(UTC).replace(tzinfo=None)


def _check_timezone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is not an IANA time zone such as Europe/London")
    return name


def _check_moment(moment: datetime) -> datetime:
    try:
        return to_naive_utc(moment)
    except MomentError as error:
        raise ValueError(str(error)) from None


Timezone = Annotated[str, AfterValidator(_check_timezone)]
Moment = Annotated[datetime, AfterValidator(_check_moment)]


class NightSettings(Section):
    """What moment a night has, and how far its labels and cutoffs reach."""

    section_name: ClassVar[str] = "night"

    # UTC, or with an offset; empty: the DAG run's date or --as-of
    as_of: Moment | None = None
    timezone: Timezone = "UTC"  # local hour and day in SQL
    horizon: PositiveDuration = timedelta(days=28)  # labels of T: [T, T + horizon)
    # Distance of the moments that cutoffs may lie on; a day lets daily nights learn of yesterday.
    grid: PositiveDuration = WEEK
    training_cutoffs: Annotated[int, Field(ge=1, le=12)] = 2  # past moments to train on
    min_history: PositiveDuration = timedelta(days=28)  # events before the first training cutoff
    # Features of past cutoffs see only events that had been received by then.
    as_known_then: bool = False
    max_age: PositiveDuration = timedelta(hours=48)  # newest event before as_of, else refused
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0  # of samples, models and intervals
    threads: Annotated[int, Field(ge=1, le=64)] = 2  # of one stage


@dataclass(frozen=True)
class Cutoffs:
    """Past moments at which the night pretends to stand."""

    training: tuple[datetime, ...]  # newest first; their label windows end before evaluation
    evaluation: datetime  # newest grid moment whose label window is complete
    night: datetime  # as_of: features and candidates of the lists
    horizon: timedelta

    @property
    def refit(self) -> tuple[datetime, ...]:
        """Cutoffs of the final fit: the evaluated window joins, the oldest leaves."""
        return (self.evaluation, *self.training)[: len(self.training)]

    @property
    def labelled(self) -> tuple[datetime, ...]:
        return (self.evaluation, *self.training)

    @property
    def all(self) -> tuple[datetime, ...]:
        return (self.night, self.evaluation, *self.training)


def choose_cutoffs(as_of: datetime, first_event: datetime, night: NightSettings) -> Cutoffs:
    """Cutoffs of a night at *as_of*, on the grid, one label window apart.

    Raises `MomentError` when the events reach back too little for one training cutoff.
    """
    step = -(-night.horizon // night.grid) * night.grid  # at least the horizon
    evaluation = last_grid_moment(as_of - night.horizon, night.grid)
    wanted = [evaluation - (i + 1) * step for i in range(night.training_cutoffs)]
    training = tuple(t for t in wanted if t >= first_event + night.min_history)
    if not training:
        raise MomentError(
            f"events start at {first_event:%Y-%m-%d %H:%M}, but the first training cutoff before "
            f"as_of {as_of:%Y-%m-%d %H:%M} is {wanted[0]:%Y-%m-%d} and needs "
            f"{night.min_history.days} days of events before it; bring older events, or lower "
            "[night] horizon or min_history"
        )
    return Cutoffs(training=training, evaluation=evaluation, night=as_of, horizon=night.horizon)


def last_grid_moment(moment: datetime, grid: timedelta = WEEK) -> datetime:
    """The newest moment of the grid at or before *moment*: a Monday 00:00 of the weekly one."""
    return moment - (moment - GRID_ORIGIN) % grid


def parse_moment(text: str) -> datetime:
    """*text* (`2018-01-01` or ISO with time, `Z` or an offset allowed) as naive UTC.

    Raises `MomentError` when it is none, or out of range.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise MomentError(
            f"{text!r} is not a moment; expected a date or ISO time such as 2018-01-01T00:00:00"
        ) from None
    return to_naive_utc(moment)


def compact(moment: datetime) -> str:
    """*moment* as it stands in run ids and folder names."""
    return f"{moment:%Y%m%dT%H%M%S}"
