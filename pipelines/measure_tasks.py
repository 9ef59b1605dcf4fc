"""Measuring as a scheduler runs it: one task, ordered by a form."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pipelines.measure.everything import measure_everything
from pipelines.moments import to_naive_utc
from pipelines.orders import MeasureOrder, read_order
from settings import load_settings

log = logging.getLogger("nightshelf")


def measure(form: Mapping[str, Any], conf: Mapping[str, Any], moment: datetime) -> dict[str, str]:
    """Measure the ordered days, else what is new before the day of *moment*; figure → verdict.

    Raises `OrderError` for an impossible field, `MeasureError` for days without impressions.
    """
    order = read_order(MeasureOrder, form, conf)
    measured = measure_everything(
        load_settings(), order.first, order.last, before=to_naive_utc(moment).date()
    )
    for one in measured.verdicts:
        log.info("%s %s, target %s: %s", one.name, one.value, one.target, one.verdict)
    return {one.name: one.verdict for one in measured.verdicts}
