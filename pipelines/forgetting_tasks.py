"""What a scheduler asks: forgetting goes on for everybody whose forgetting has not ended."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from pipelines.forgetting.forget import forget_files
from pipelines.orders import ForgetOrder, read_order
from settings import load_settings

log = logging.getLogger("nightshelf")


def forget(form: Mapping[str, Any], conf: Mapping[str, Any]) -> int:
    """Rewrites what holds forgotten users; how many of them there were.

    What is left over stands in the log and in each user's status, and is tried again the next time.
    Raises `OrderError` or `StoreUnreachableError`.
    """
    order = read_order(ForgetOrder, form, conf)
    done = forget_files(load_settings(), again=order.again)
    for line in done.left:
        log.warning("forget: left over: %s", line)
    return len(done.digests)
