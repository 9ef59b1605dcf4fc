"""The section `[measure]`: what counts as working, and against which targets."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from pipelines.collected import ORDER_SLACK
from settings import Section, Settings, SettingsError
from settings.durations import Duration, PositiveDuration
from settings.events import EventSettings
from settings.project import Identifier

LONGEST_WINDOW = timedelta(days=366)  # a day's figures read this far around it
Share = Annotated[float, Field(ge=0, le=1)]


def _within_a_year(span: timedelta) -> timedelta:
    if span > LONGEST_WINDOW:
        raise ValueError("expected at most 366d")
    return span


Window = Annotated[PositiveDuration, AfterValidator(_within_a_year)]


class MeasureSettings(Section):
    """How impressions and what users do are put together, and what is aimed at."""

    section_name: ClassVar[str] = "measure"

    attribution_window: Window = timedelta(days=7)  # from being shown to an action that counts
    click_window: Window = timedelta(hours=1)  # of clicks that do not say from which list
    # How much earlier than its impression a click that names the list may be.
    order_slack: Annotated[Duration, AfterValidator(_within_a_year)] = ORDER_SLACK
    repeat_window: Window = timedelta(days=28)  # how long before a day a showing is remembered
    new_item_age: Window = timedelta(days=28)  # from an item's first day on; then it is old
    # Event types that are acting on a list; a view may come of anything.
    accepted: Annotated[tuple[Identifier, ...], Field(min_length=1, strict=False)] = (
        "click",
        "like",
        "share",
        "purchase",
    )
    # Where actions come from: `lake` adds those that only the source knows, once ingested.
    actions: Literal["collected", "lake"] = "collected"
    max_skew: Duration = timedelta(minutes=5)  # an event further ahead of its receipt is left out
    max_daily_items: Annotated[int, Field(ge=1)] = 5_000  # shown to one user; more is no person
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95  # of all intervals
    resamples: Annotated[int, Field(ge=50, le=10_000)] = 500  # of the users, for CTR and value
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0  # of the resamples
    target_ctr: Share = 0.05  # of the items shown, those that were clicked
    target_acceptance: Share = 0.30  # of users who acted on what they were shown
    target_coverage: Share = 0.90  # of users who were shown something of their own list
    report_days: Annotated[int, Field(ge=1, le=366)] = 28  # the newest ones, on the report
    # Segments, variants and tiers that become gauges, the ones shown most; the rest only Parquet.
    max_label_values: Annotated[int, Field(ge=1, le=200)] = 20


def check_accepted(settings: Settings) -> None:
    """Raises `SettingsError` where an event type that should count is none of `[events]`.

    Of the types by default some may be missing, where others are there.
    """
    known = settings.read(EventSettings).weights
    accepted = settings.read(MeasureSettings).accepted
    unknown = [name for name in accepted if name not in known]
    if unknown and (settings.is_written(("measure", "accepted")) or len(unknown) == len(accepted)):
        raise SettingsError(
            f"{settings.path}: measure.accepted: found {', '.join(unknown)}; expected types of "
            f"[events] weights: {', '.join(known)}"
        )
