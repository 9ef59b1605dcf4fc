"""Which moments a measure is of, and how far around them it has to read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from pipelines.measure.settings import MeasureSettings

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Span:
    """What was shown in [begin, end), naive UTC."""

    begin: datetime
    end: datetime

    @property
    def day(self) -> str:
        """Its first day, as partitions are named."""
        return self.begin.date().isoformat()

    def since(self, settings: MeasureSettings) -> datetime:
        """The first moment that says anything about the span."""
        return self.begin - max(settings.repeat_window, settings.attribution_window)

    def before(self, settings: MeasureSettings) -> datetime:
        """The moment from which on nothing says anything about it any more."""
        return self.end + settings.attribution_window + settings.order_slack

    def binds(self, settings: MeasureSettings) -> dict[str, Any]:
        """Every parameter that a query may have; each takes those that it names."""
        return {
            "begin": self.begin,
            "end": self.end,
            "since": self.since(settings),
            "before": self.before(settings),
            "repeats_since": self.begin - settings.repeat_window,
            "attribution_window": settings.attribution_window,
            "click_window": settings.click_window,
            "order_slack": settings.order_slack,
            "new_item_age": settings.new_item_age,
            "max_skew": settings.max_skew,
            "max_daily_items": settings.max_daily_items,
            "accepted": list(settings.accepted),
        }


def span_of(day: date) -> Span:
    """The UTC day *day*."""
    begin = datetime.combine(day, time())
    return Span(begin, begin + DAY)
