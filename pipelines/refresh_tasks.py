"""Refreshing as a scheduler runs it: one task, every few minutes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.orders import RefreshOrder, read_order
from pipelines.refresh.refresh import refresh_active_users
from settings import load_settings


def refresh_lists(form: Mapping[str, Any], conf: Mapping[str, Any]) -> dict[str, Any]:
    """Make the ordered lists anew; how many there are, and how many users are left.

    Raises `OrderError` for an impossible field, and what `refresh_active_users` raises.
    """
    order = read_order(RefreshOrder, form, conf)
    done = refresh_active_users(
        load_settings(), as_of=order.as_of, users=order.users, since=order.since
    )
    return {
        "version": done.version,
        "as_of": done.moment.isoformat(),
        "users": done.users,
        "lists": done.lists,
        "left": done.left,
    }
