"""Records of a batch as rows of the landing zone, and those that are none with the reason."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipelines.collect.check import BadRecordError, read_amount, read_record
from pipelines.collect.source import Record
from pipelines.collected import EVENT_SCHEMA, IMPRESSION_SCHEMA
from store.events import IMPRESSION, Event

BAD_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("entry", pa.string()),  # its place in the log
        ("record", pa.binary()),  # as delivered
        ("reason", pa.string()),
    ]
)
_MOMENTS = ("event_at", "received_at")


@dataclass(frozen=True)
class BadRecord:
    """A record for quarantine."""

    record: Record
    reason: str


def sort_records(
    records: Iterable[Record], known_types: Collection[str]
) -> tuple[list[Event], list[BadRecord]]:
    """The events among *records*, each id once (the first received), and the bad ones."""
    events: dict[str, Event] = {}
    bad: list[BadRecord] = []
    for record in records:
        try:
            event = read_record(record.data, known_types)
        except BadRecordError as error:
            bad.append(BadRecord(record, str(error)))
            continue
        known = events.get(event.event_id)
        if known is None or event.received_at < known.received_at:
            events[event.event_id] = event
    return list(events.values()), bad


def event_rows(events: Iterable[Event]) -> pa.Table:
    """What users did, as rows of `EVENT_SCHEMA`."""
    rows = [
        (
            event.event_id,
            event.user_id,
            event.item_id,
            event.event_type,
            event.event_at,
            read_amount("value", event.value),
            read_amount("quantity", event.quantity),
            event.session_id,
            event.recommendation_id,
            event.position,
            event.context,
            event.received_at,
            event.version,
            event.surface,
            event.variant,
            event.tier,
            event.page_view_id,
        )
        for event in events
        if event.event_type != IMPRESSION
    ]
    return _table(rows, EVENT_SCHEMA)


def impression_rows(events: Iterable[Event]) -> pa.Table:
    """What users were shown, as rows of `IMPRESSION_SCHEMA`: one an item."""
    rows = [
        (
            event.event_id,
            event.user_id,
            item.item_id,
            event.event_at,
            event.received_at,
            event.recommendation_id,
            event.page_view_id,
            item.position,
            item.tier,
            float(item.propensity),
            event.version,
            event.surface,
            event.variant,
            event.session_id,
            event.context,
        )
        for event in events
        if event.event_type == IMPRESSION
        for item in event.items
    ]
    return _table(rows, IMPRESSION_SCHEMA)


def bad_rows(bad: Iterable[BadRecord], source: str) -> pa.Table:
    """Bad records of *source* as rows of `BAD_SCHEMA`, in the order of the log."""
    rows = [(source, item.record.entry, item.record.data, item.reason) for item in bad]
    return _table(rows, BAD_SCHEMA)


def _table(rows: Sequence[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    arrays = [_array(column, field) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _array(column: Sequence[Any], field: pa.Field) -> pa.Array:
    if field.name in _MOMENTS:  # whole µs, the unit of the column
        return pa.array(column, pa.int64()).view(field.type)
    return pa.array(column, field.type)
