"""What a record of the log has to be before it becomes rows; else the reason why not.

The web process checks events before it accepts them. This looks again, as somebody else may write
to the log: what is a row of the landing zone can be built upon.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from operator import attrgetter
from typing import Any

from pipelines.moments import EARLIEST, END
from store.events import IMPRESSION, Event, EventLogError, ShownItem, unpack_event

MAX_ID_LENGTH = 128
LONGEST_TEXT = 65_536
_CENTS = Decimal("0.0001")
_LARGEST = Decimal(10) ** 14  # what decimal(18, 4) cannot hold any more
_SMALLEST_INT, _LARGEST_INT = -(2**31), 2**31 - 1
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_US, END_US = (EARLIEST - _EPOCH) // _MICROSECOND, (END - _EPOCH) // _MICROSECOND
_TEXTS = (
    "session_id",
    "recommendation_id",
    "page_view_id",
    "context",
    "version",
    "surface",
    "variant",
    "tier",
)
_texts_of = attrgetter(*_TEXTS)


class BadRecordError(ValueError):
    """A record that is no event; the message is the reason that quarantine gives."""


def read_record(data: bytes, known_types: Collection[str]) -> Event:
    """The event that *data* spells; raises `BadRecordError` when it cannot become a row."""
    try:
        event = unpack_event(data)
    except (EventLogError, RecursionError):
        raise BadRecordError("no event record") from None
    is_plain = _is_plain(event)
    if not is_plain:
        _check_texts(event)
    _check_moment("event_at", event.event_at)
    _check_moment("received_at", event.received_at)
    if event.event_type == IMPRESSION:
        _check_items(event.items)
    else:
        if event.item_id is None or not is_plain:
            _check_id("item_id", event.item_id)
        if not isinstance(event.event_type, str) or event.event_type not in known_types:
            raise BadRecordError("unknown event_type")
    if event.position is not None:
        _check_integer("position", event.position)
    read_amount("value", event.value)
    read_amount("quantity", event.quantity)
    return event


def _is_plain(event: Event) -> bool:
    """Whether every text is short ASCII and every id there: a quick yes for nearly all events."""
    user_id = "v" if _is_of_visitor(event) else event.user_id
    ids = (event.event_id, user_id, "i" if event.item_id is None else event.item_id)
    try:
        joined = "".join([*ids, *(text for text in _texts_of(event) if text is not None)])
    except TypeError:  # one is no text
        return False
    return (
        joined.isascii()
        and "\0" not in joined
        and len(joined) <= LONGEST_TEXT
        and all(0 < len(each) <= MAX_ID_LENGTH for each in ids)
    )


def _check_texts(event: Event) -> None:
    """The same text by text, for the reason."""
    _check_id("event_id", event.event_id)
    if not _is_of_visitor(event):
        _check_id("user_id", event.user_id)
    for name, text in zip(_TEXTS, _texts_of(event), strict=True):
        if text is not None:
            _check_text(name, text)


def _is_of_visitor(event: Event) -> bool:
    """Whether nobody says who saw a list: an action without a user is none."""
    return event.event_type == IMPRESSION and event.user_id == ""


def read_amount(name: str, text: Any) -> Decimal | None:
    """*text* as a decimal(18, 4), rounded as DuckDB does; raises `BadRecordError`."""
    if text is None:
        return None
    try:
        number = Decimal(text) if isinstance(text, str) else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite() or abs(number) >= _LARGEST:
        raise BadRecordError(f"{name} is no number")
    if number < 0:
        raise BadRecordError(f"negative {name}")
    return number.quantize(_CENTS, "ROUND_HALF_UP")


def _check_items(items: tuple[ShownItem, ...]) -> None:
    if not items:
        raise BadRecordError("impression of no items")
    for item in items:
        _check_id("item_id", item.item_id)
        _check_integer("position", item.position)
        _check_text("tier", item.tier)
        share = item.propensity
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            raise BadRecordError("propensity out of range (0 to 1)")
    if len({item.position for item in items}) < len(items):
        raise BadRecordError("impression of two items at one position")


def _check_id(name: str, value: Any) -> None:
    if not isinstance(value, str) or not value:
        raise BadRecordError(f"missing {name}")
    if len(value) > MAX_ID_LENGTH:
        raise BadRecordError(f"{name} longer than {MAX_ID_LENGTH} characters")
    if "\0" in value:
        raise BadRecordError(f"{name} with a NUL character")
    _check_text(name, value)


def _check_text(name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise BadRecordError(f"{name} is no text")
    if len(value) > LONGEST_TEXT:
        raise BadRecordError(f"{name} longer than {LONGEST_TEXT} characters")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:  # half of a surrogate pair, which JSON can spell
            raise BadRecordError(f"{name} is no Unicode text") from None


def _check_integer(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadRecordError(f"{name} is no whole number")
    if not _SMALLEST_INT <= value <= _LARGEST_INT:
        raise BadRecordError(f"{name} out of range")


def _check_moment(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadRecordError(f"missing or unparsable {name}")
    if not FIRST_US <= value < END_US:
        raise BadRecordError(f"{name} out of range (1990 to 2199)")
