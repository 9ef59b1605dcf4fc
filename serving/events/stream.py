"""The log of events: a stream of the store, or of a server of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

import redis

from serving.events.check import no_one
from serving.sight.trips import trip
from settings import ProjectSettings, Settings
from store.cluster import ClusterReader
from store.connection import StoreSettings, connect_primary
from store.events import (
    FIELD,
    IMPRESSION,
    Event,
    EventLogError,
    EventLogSettings,
    pack_event,
    unpack_event,
    user_of,
)
from store.keys import NamespaceKeys
from store.live import RecentEvent, recent_commands
from store.trip import Command, Trips

PATIENCE_MS = 1000  # of a trip that ends in an fsync; requests for lists do not wait for it


# What a server must say for events to outlive the loss of power.
_SYNCED = {"appendonly": b"yes", "appendfsync": b"always", "no-appendfsync-on-rewrite": b"no"}


class LogState(NamedTuple):
    """What a look at the log found."""

    backlog: int  # events that are in it
    is_synced: bool  # they are on disk before they are acknowledged


@dataclass
class Stream:
    """Appends events, and keeps what users did last; safe to share between threads."""

    keys: NamespaceKeys
    log: Trips
    live: Trips  # the same object where the log is in the store
    is_forgotten: Callable[[str], bool] = no_one

    @classmethod
    def of(
        cls,
        settings: Settings,
        make_trips: Callable[[redis.Redis], Trips] = Trips,
        is_forgotten: Callable[[str], bool] = no_one,
    ) -> Stream:
        """Those of *settings*; opens no connection yet."""
        keys = NamespaceKeys(settings.read(ProjectSettings).namespace)
        store, url = settings.read(StoreSettings), settings.read(EventLogSettings).url
        live = make_trips(connect_primary(_patient(store)))
        if url is None:
            return cls(keys, live, live, is_forgotten)
        return cls(keys, make_trips(connect_primary(_patient(store, url))), live, is_forgotten)

    def append(self, events: Sequence[Event]) -> None:
        """Append *events* in their order, and note those of users, in one trip where it can be.

        Raises what the client raises when the log does not take all of them: some may be in it.
        """
        self._send([pack_event(event) for event in events], events)

    def append_records(self, records: Sequence[bytes]) -> None:
        """As `append`, of events that were packed before; what another release packed is kept.

        Those of users who were forgotten since are left out.
        """
        kept = [record for record in records if not self.is_forgotten(user_of(record) or "")]
        events = []
        for record in kept:
            with suppress(EventLogError):
                events.append(unpack_event(record))
        if kept:
            self._send(kept, events)

    def _send(self, records: Sequence[bytes], events: Sequence[Event]) -> None:
        commands: list[Command] = [
            ("XADD", self.keys.events, "*", FIELD, record) for record in records
        ]
        recents = self._recents(events)
        if self.live is self.log:
            commands += recents
        with trip("events") as noted:
            replies = self.log.ask(commands)
            for reply in replies:
                if isinstance(reply, Exception):
                    noted.refused(reply)
        for reply in replies[: len(records)]:
            if isinstance(reply, Exception):
                raise reply
        if recents and self.live is not self.log:
            with suppress(redis.RedisError, OSError):  # the events are kept: that was asked for
                self.live.ask(recents)

    def follow(self) -> None:
        """Look where the servers are now, if that can change."""
        self.log.follow()
        if self.live is not self.log:
            self.live.follow()

    def look(self) -> LogState:
        """How the log keeps what it takes, and how much is in it.

        Raises what the client raises when it does not answer, or not so.
        """
        questions: list[Command] = [("XLEN", self.keys.events)]
        questions += [("CONFIG", "GET", name) for name in _SYNCED]
        backlog, *said = self.log.ask(questions)
        if isinstance(backlog, Exception):
            raise backlog
        return LogState(int(backlog), is_synced=self._is_synced(said))

    def _is_synced(self, said: Sequence[Any]) -> bool:
        """Whether the server says so; one that may not be asked does not, nor one of a cluster."""
        if isinstance(self.log.client, ClusterReader):
            return False
        return all(
            isinstance(reply, list) and reply[1:] == [wanted]
            for reply, wanted in zip(said, _SYNCED.values(), strict=True)
        )

    def _recents(self, events: Sequence[Event]) -> list[Command]:
        """What puts the events of each user before the user's others."""
        by_user: dict[str, list[RecentEvent]] = {}
        for event in sorted(events, key=lambda event: event.event_at):
            if event.event_type != IMPRESSION and event.item_id is not None:
                recent = RecentEvent(event.event_at / 1e6, event.event_type, event.item_id)
                by_user.setdefault(event.user_id, []).append(recent)
        return [
            command
            for user_id, recents in by_user.items()
            for command in recent_commands(self.keys, user_id, recents)
        ]

    def close(self) -> None:
        """Close the connections that nobody is using."""
        self.log.let_go()
        self.live.let_go()


def _patient(store: StoreSettings, url: str | None = None) -> StoreSettings:
    changed: dict[str, object] = {"timeout_ms": max(store.timeout_ms, PATIENCE_MS)}
    if url is not None:
        changed |= {"url": url, "replica_url": None, "read_from": "primary"}
    return store.model_copy(update=changed)
