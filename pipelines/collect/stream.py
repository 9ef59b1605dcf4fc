"""The Redis stream that the web tier appends to, read as a consumer group.

There is one collector at a time (`pipelines.collect.lease`), so whatever is pending in the group
belongs to this one or to a dead one, and is claimed without waiting.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import redis

from pipelines.collect.source import EventSourceError, Lag, Record
from settings import ProjectSettings, Settings
from store.connection import StoreSettings, connect_publisher, hide_password
from store.events import FIELD, GROUP, EventLogSettings
from store.keys import NamespaceKeys

CONSUMER = "collector"
_ACKNOWLEDGED_AT_ONCE = 5_000  # ids of one XACK
_FIRST = "0-0"
_NO_GROUP = ("NOGROUP", "no such key")
AnswerT = TypeVar("AnswerT")

log = logging.getLogger("nightshelf")


def log_settings(settings: Settings) -> StoreSettings:
    """The server of the event log: `[store]`, at `[event_log] url` where that is given."""
    store, url = settings.read(StoreSettings), settings.read(EventLogSettings).url
    return store if url is None else store.model_copy(update={"url": url, "replica_url": None})


class StreamSource:
    """Events of one namespace's stream."""

    name = "stream"

    def __init__(self, settings: Settings) -> None:
        """Raises `StoreUnreachableError` when no server answers."""
        namespace = settings.read(ProjectSettings).namespace
        self.key = NamespaceKeys(namespace).events
        self._address = hide_password(log_settings(settings).url)
        self._client = connect_publisher(log_settings(settings))
        self._unfinished = True  # a dead collector may have left some
        self._claimed = False  # the last read gave some of those
        self._join()

    def _join(self) -> None:
        with self._naming():
            try:
                self._client.xgroup_create(self.key, GROUP, id=_FIRST, mkstream=True)
            except redis.ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise

    def read(self, limit: int) -> Sequence[Record]:
        return self._ask(lambda: self._read(limit))

    def _read(self, limit: int) -> list[Record]:
        if self._unfinished and (records := self._claim(limit)):
            self._claimed = True
            return records
        self._claimed = False
        found: Any = self._client.xreadgroup(
            GROUP, CONSUMER, {self.key: ">"}, count=limit, block=None
        )
        records = [_record(*entry) for _, entries in found or [] for entry in entries]
        self._unfinished = bool(records)
        return records

    def _claim(self, limit: int) -> list[Record]:
        """Entries that were delivered and never acknowledged, oldest first."""
        start: Any = _FIRST
        while True:
            answer: Any = self._client.xautoclaim(
                self.key, GROUP, CONSUMER, min_idle_time=0, start_id=start, count=limit
            )
            start, entries, *gone = answer
            if gone and gone[0]:
                log.error(
                    "collect: %d entries of %s were deleted before they were collected",
                    len(gone[0]),
                    self.key,
                )
            if entries or _text(start) == _FIRST:
                return [_record(*entry) for entry in entries]

    def acknowledge(self, records: Sequence[Record]) -> None:
        for first in range(0, len(records), _ACKNOWLEDGED_AT_ONCE):
            ids = [record.entry for record in records[first : first + _ACKNOWLEDGED_AT_ONCE]]
            self._ask(partial(self._client.xack, self.key, GROUP, *ids))
        self._unfinished = self._claimed  # there may be more than one read takes
        self._ask(self._trim)

    def _trim(self) -> None:
        """Lets go of the entries before the first that some group has not acknowledged."""
        needed = [self._first_needed(group) for group in self._groups()]
        if needed:
            first = "{}-{}".format(*min(needed))
            self._client.xtrim(self.key, minid=first, approximate=False)

    def _first_needed(self, group: dict[str, Any]) -> tuple[int, int]:
        """The smallest id that *group* still has to acknowledge or to be given."""
        if group["pending"]:
            pending: Any = self._client.xpending(self.key, group["name"])
            if pending["pending"]:
                return _parts(pending["min"])
        milliseconds, sequence = _parts(group["last-delivered-id"])
        return milliseconds, sequence + 1

    def _groups(self) -> list[dict[str, Any]]:
        found: Any = self._client.xinfo_groups(self.key)
        return list(found)

    def positions(self, records: Sequence[Record]) -> dict[str, Any]:
        return {"last": records[-1].entry}

    def lag(self) -> Lag:
        return self._ask(self._lag)

    def _lag(self) -> Lag:
        (ours,) = (group for group in self._groups() if _text(group["name"]) == GROUP)
        milliseconds, sequence = self._first_needed(ours)
        first: Any = self._client.xrange(self.key, min=f"{milliseconds}-{sequence}", count=1)
        if not first:
            return Lag(0, None)
        behind = ours.get("lag")  # unknown to the server after some deletions
        unread = self._client.xlen(self.key) if behind is None else behind
        seconds, microseconds = self._client.time()
        age = seconds + microseconds / 1e6 - _parts(first[0][0])[0] / 1000
        return Lag(int(unread) + int(ours["pending"]), max(0.0, age))

    def close(self) -> None:
        self._client.close()

    def _ask(self, question: Callable[[], AnswerT]) -> AnswerT:
        """What *question* gives; once more where the server lost its data, and with it the group.

        What was appended since then is read from its beginning.
        """
        with self._naming():
            try:
                return question()
            except redis.ResponseError as error:
                if not str(error).startswith(_NO_GROUP):
                    raise
            self._join()
            return question()

    @contextmanager
    def _naming(self) -> Iterator[None]:
        try:
            yield
        except (redis.RedisError, OSError) as error:
            raise EventSourceError(
                f"stream {self.key} at {self._address}: {hide_password(str(error))}; "
                "nothing is lost: what was not collected waits there"
            ) from None


def _record(entry: Any, fields: dict[bytes, bytes] | None) -> Record:
    found = fields or {}
    # An entry of somebody else's making is shown as it is, and goes to quarantine.
    return Record(_text(entry), found[FIELD] if FIELD in found else repr(found).encode())


def _parts(entry: Any) -> tuple[int, int]:
    milliseconds, sequence = _text(entry).split("-")
    return int(milliseconds), int(sequence)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
