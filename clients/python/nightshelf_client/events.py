"""Events as the service reads them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

IMPRESSION = "impression"  # whose id the service derives from its page view


def as_event(said: Mapping[str, Any]) -> dict[str, Any]:
    """*said* as JSON: moments and decimals as text, and an id, under which it counts once.

    Raises `ValueError` for a moment without a zone.
    """
    event = {name: _value(name, value) for name, value in said.items()}
    if event.get("event_type") != IMPRESSION and event.get("event_id") is None:
        event["event_id"] = uuid.uuid4().hex
    return event


def _value(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{name} = {value}: expected a moment with a zone")
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
