"""Backfilling as a scheduler runs it: one task, ordered by a form."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from pipelines.features.backfill import backfill, weekly_cutoffs
from pipelines.orders import BackfillOrder, read_order
from pipelines.training_sets.kept import choose_run
from settings import load_settings

log = logging.getLogger("nightshelf")


def backfill_features(form: Mapping[str, Any], conf: Mapping[str, Any]) -> dict[str, int]:
    """Build the ordered tables at the last cutoffs; by table how many were built.

    Raises `OrderError` for an impossible field, `BackfillError` for an unknown table.
    """
    order = read_order(BackfillOrder, form, conf)
    run = choose_run(load_settings(), order.run or None)
    cutoffs = weekly_cutoffs(run, newest=order.newest, cutoffs=order.cutoffs)
    found = backfill(run, order.tables, cutoffs)
    built = {name: len(found.built.get(name, [])) for name in order.tables}
    for name, n_built in built.items():
        log.info("%s: %d of %d cutoffs built", name, n_built, len(cutoffs))
    return built
