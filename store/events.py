"""What users do, on its way from the web process to the lake: a record a stream entry.

The web process checks events and appends them; the collector reads them as a consumer group.
An entry has one field, `e`: the record as JSON. Times are whole microseconds since 1970, UTC.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Annotated, Any, ClassVar

from pydantic import Field

from settings import Section
from settings.errors import NightshelfError
from store.settings import StoreUrl

IMPRESSION = "impression"
SOURCE = "web"  # what `source_file` of the canonical tables says of collected events
GROUP = "lake"  # the consumer group of the collector
FIELD = b"e"


class EventLogError(NightshelfError):
    """Bytes that are no event record."""


class EventLogSettings(Section):
    """Where events wait for the collector."""

    section_name: ClassVar[str] = "event_log"

    # A server of its own, or by default the one of [store]. Only with appendonly yes and
    # appendfsync always does what it acknowledged survive the loss of power.
    url: StoreUrl | None = None
    max_backlog: Annotated[int, Field(ge=1)] = 1_000_000  # events not collected yet; then 503


@dataclass(frozen=True, slots=True)
class ShownItem:
    """One item of an impression, as the recommendation id says it was served."""

    item_id: str
    position: int  # 1 is the first of the whole list, offsets included
    tier: str
    propensity: float = 1.0


@dataclass(frozen=True, slots=True)
class Event:
    """One accepted event; of an impression `items` says what was seen, else `item_id` is set."""

    event_id: str
    event_type: str
    user_id: str
    event_at: int  # µs
    received_at: int  # µs, of the service's clock
    item_id: str | None = None
    value: str | None = None  # decimal text: money is not a float
    quantity: str | None = None
    session_id: str | None = None
    recommendation_id: str | None = None  # the tag of the id, 22 characters
    page_view_id: str | None = None
    position: int | None = None
    context: str | None = None  # JSON object
    # What the recommendation id said; of events without one None.
    version: str | None = None
    surface: str | None = None
    variant: str | None = None
    tier: str | None = None  # of `item_id`
    items: tuple[ShownItem, ...] = ()


_MEMBERS = tuple(each.name for each in fields(Event) if each.name != "items")
_write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def pack_event(event: Event) -> bytes:
    """*event* as JSON; members without a value are left out."""
    # Not `asdict`, which copies deeply: many events come at once.
    record: dict[str, Any] = {
        name: value for name in _MEMBERS if (value := getattr(event, name)) is not None
    }
    if event.items:
        record["items"] = [[i.item_id, i.position, i.tier, i.propensity] for i in event.items]
    return _write(record).encode("utf-8", "surrogatepass")


def unpack_event(data: bytes) -> Event:
    """The event that *data* spells; raises `EventLogError` when it spells none."""
    try:
        record = json.loads(data.decode("utf-8"))
        items = tuple(ShownItem(*item) for item in record.pop("items", ()))
        return Event(**record, items=items)
    except (ValueError, TypeError, AttributeError) as error:
        raise EventLogError(f"{len(data)} bytes are no event record: {error}") from None


def user_of(data: bytes) -> str | None:
    """Whose record *data* is, as far as it can be read; None where it does not say."""
    try:
        record = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    user_id = record.get("user_id") if isinstance(record, dict) else None
    return user_id if isinstance(user_id, str) else None
