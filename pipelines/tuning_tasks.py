"""Tuning as a scheduler runs it: one task, ordered by a form."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from pipelines.orders import TuneOrder, read_order
from pipelines.tuning.page import conclude
from pipelines.tuning.study import describe
from pipelines.tuning.tune import Search, place_of, tune
from settings import load_settings

log = logging.getLogger("nightshelf")


def tune_models(form: Mapping[str, Any], conf: Mapping[str, Any]) -> dict[str, str]:
    """Tune what the order names; by study what came of it.

    Raises `OrderError` for an impossible field, `TuningError` for what cannot be tuned.
    """
    order = read_order(TuneOrder, form, conf)
    dry_run = order.write == "dry run"
    settings = load_settings()
    search = Search(
        what=order.what, surface=order.surface or None, budget=order.budget, dry_run=dry_run
    )
    conclusions = {}
    for outcome in tune(settings, search):
        said = (conclude(describe(outcome)), place_of(settings, outcome, dry_run=dry_run))
        conclusions[outcome.study] = "; ".join(filter(None, said))
        log.info("%s: %s", outcome.study, conclusions[outcome.study])
    return conclusions
