"""What waits in the event log: accepted, and not yet in the landing zone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pyarrow as pa

from pipelines.collect.rows import event_rows, sort_records
from pipelines.collect.source import Record
from pipelines.collect.stream import log_settings
from settings import ProjectSettings, Settings
from settings.events import EventSettings
from store.connection import connect_publisher
from store.events import FIELD
from store.keys import NamespaceKeys

_ENTRIES_AT_ONCE = 5000


def read_stream(settings: Settings) -> pa.Table:
    """The events of the log, as the landing zone would have them; nothing is taken out of it.

    What the collector would put aside is passed over. Raises what the client raises.
    """
    key = NamespaceKeys(settings.read(ProjectSettings).namespace).events
    types = settings.read(EventSettings).weights
    with connect_publisher(log_settings(settings)) as log:
        events, _ = sort_records(_records(log, key), types)
    return event_rows(events)


def _records(log: Any, key: str) -> Iterator[Record]:
    begin = "-"
    while page := cast("list[Any]", log.xrange(key, begin, "+", _ENTRIES_AT_ONCE)):
        for entry, fields in page:
            yield Record(entry.decode(), fields.get(FIELD, b""))
        begin = f"({page[-1][0].decode()}"
