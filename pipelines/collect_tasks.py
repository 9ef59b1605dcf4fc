"""Collecting as a scheduler runs it: one task, every few minutes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pipelines.collect.collect import collect
from pipelines.collect.lease import CollectorBusyError
from pipelines.collect.status import read_status
from pipelines.orders import CollectOrder, read_order
from settings import load_settings

log = logging.getLogger("nightshelf")


def collect_events(form: Mapping[str, Any], conf: Mapping[str, Any]) -> dict[str, Any]:
    """Bring what waits into the lake; how much it was, and the lag that is left.

    While another collector (`--follow`) gets on, there is nothing to do.
    Raises `OrderError` for an impossible field, and what `collect` raises.
    """
    order = read_order(CollectOrder, form, conf)
    settings = load_settings()
    try:
        stored = asdict(collect(settings, accept_bad=order.accept_bad))
    except CollectorBusyError as error:
        log.info("collect: nothing to do here: %s", error)
        stored = {}
    return {**stored, "lag": read_status(settings).get("lag")}
