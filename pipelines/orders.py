"""What an operator ordered: the fields of the forms, checked again where they are carried out.

Airflow checks what its form knows and accepts unknown keys over REST without a word;
a misspelt `dry_run` must not publish.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from pipelines.moments import MomentError, parse_moment
from pipelines.surfaces import SurfacesSettings
from settings import Settings
from settings.durations import PositiveDuration
from settings.errors import NightshelfError


class OrderError(NightshelfError):
    """A field of an order is unknown, impossible, or goes with another one badly."""


class Order(BaseModel):
    """Base of the orders: frozen, strict about types, closed to unknown fields."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


def _moment(value: Any) -> Any:
    if value == "":
        return None
    try:
        return parse_moment(value) if isinstance(value, str) else value
    except MomentError as error:
        raise ValueError(str(error)) from None


def _day(value: Any) -> Any:
    """A day as text, or nothing; anything else is left to be refused."""
    if value == "":
        return None
    return parse_day(value) if isinstance(value, str) else value


def _names(value: Any) -> Any:
    """A list as a tuple, nothing as an empty one; anything else is left to be refused."""
    if value is None:
        return ()
    return tuple(value) if isinstance(value, list) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]


class NightOrder(Order):
    """One night: its moment, whether readers see it, and whether finished work is redone."""

    as_of: Annotated[datetime | None, BeforeValidator(_moment)] = None
    publish: Literal["publish", "dry run"] = "publish"
    force: bool = False
    surfaces: Names = ()


class RollBackOrder(Order):
    """Back to a kept version, and held there for a reason."""

    version: str | None = None  # empty: the one that was live before
    reason: Annotated[str, Field(min_length=1, max_length=200)]


class PromoteOrder(Order):
    """A model of the registry as champion, whatever the gate said of it."""

    model: Annotated[str, Field(min_length=1)]
    reason: Annotated[str, Field(min_length=1, max_length=200)]


class TuneOrder(Order):
    """A search for better settings: how long, of what, and for which surface."""

    budget: PositiveDuration | None = None  # empty: `[tuning] budget`
    what: Names = ()
    surface: str | None = None  # empty: the first one of the settings
    write: Literal["write", "dry run"] = "write"  # whether the next night reads what was found


class BackfillOrder(Order):
    """Tables at past weekly cutoffs: which, how many, and up to when."""

    tables: Annotated[tuple[str, ...], BeforeValidator(_names), Field(min_length=1)]
    cutoffs: Annotated[int, Field(ge=1, le=520)] = 12
    newest: Annotated[datetime | None, BeforeValidator(_moment)] = None  # empty: the run's moment
    run: str | None = None  # empty: the newest finished one


class ForgetOrder(Order):
    """Whether files are searched for those too whose forgetting has ended."""

    again: bool = False


class CollectOrder(Order):
    """What waits in the event log, to the lake."""

    accept_bad: bool = False  # whether a batch with too many bad records may pass


class MeasureOrder(Order):
    """Days to measure anew; without any, those whose events are new or others."""

    first: Annotated[date | None, BeforeValidator(_day)] = None
    last: Annotated[date | None, BeforeValidator(_day)] = None  # included; empty: the newest


class RefreshOrder(Order):
    """Lists of users with new events: as of when, and of whom."""

    as_of: Annotated[datetime | None, BeforeValidator(_moment)] = None  # empty: now
    since: Annotated[datetime | None, BeforeValidator(_moment)] = None  # empty: the last refresh
    users: Names = ()  # empty: everybody with news


class ReleaseOrder(Order):
    """Nothing to choose: the next night flips again."""


OrderT = TypeVar("OrderT", bound=Order)


def read_order(kind: type[OrderT], form: Mapping[str, Any], conf: Mapping[str, Any]) -> OrderT:
    """The order in *form* (every field) and *conf* (what the trigger sent, unknown keys too).

    Raises `OrderError` naming each field, what was found and what was expected.
    """
    try:
        return kind.model_validate({**form, **conf})
    except ValidationError as error:
        known = ", ".join(kind.model_fields) or "no fields at all"
        lines = [_explain(problem, known) for problem in error.errors()]
        raise OrderError("\n".join(lines)) from None


def parse_day(text: str) -> date:
    """The day that *text* (YYYY-MM-DD) names; raises `ValueError` saying so."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise ValueError(f"{text!r} is no day; write it as 2026-03-31") from None


def check_surfaces(order: NightOrder, settings: Settings) -> None:
    """Raises `OrderError` unless the order's surfaces exist and it is a dry run."""
    known = [name for name, _ in settings.read(SurfacesSettings).items()]
    unknown = sorted(set(order.surfaces) - set(known))
    if unknown:
        raise OrderError(f"surfaces = {unknown}: expected some of {', '.join(known)}")
    if order.surfaces and order.publish == "publish":
        raise OrderError(
            f"surfaces = {list(order.surfaces)} with publish = 'publish': readers expect every "
            "surface in a version; leave surfaces empty, or choose 'dry run'"
        )


def _explain(problem: Any, known: str) -> str:
    field = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"unknown field {field} = {problem['input']!r}; expected: {known}"
    if problem["type"] == "missing":
        return f"field {field} is missing"
    return f"field {field} = {problem['input']!r}: {problem['msg'].removeprefix('Value error, ')}"
