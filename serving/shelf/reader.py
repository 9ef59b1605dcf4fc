"""Asking the store and unpacking what it says; damage is said once and costs only itself."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

from serving.shelf.breaker import Breaker
from serving.shelf.snapshot import Snapshot
from serving.sight.trips import Purpose, trip
from store.explained import Explained, ExplainedError, unpack_explained
from store.live import LiveError, RecentEvent, unpack_event
from store.overlay import OverlayError, unpack_overlay
from store.packed import PackedList, PackedListError, unpack_list
from store.trip import Command, Trips

MOST_SAID = 1000  # kinds of damage that a process logs of one version
log = logging.getLogger("nightshelf.serving")


class Refreshed(NamedTuple):
    """A refreshed list, and a digest that another one would not have."""

    packed: PackedList
    digest: str


class Reader:
    """Trips that the breaker hears of, and their replies unpacked; safe to share."""

    def __init__(self, trips: Trips, breaker: Breaker) -> None:
        self.trips = trips
        self.breaker = breaker
        self._damaged: set[str] = set()  # what was said of the live version

    def start_anew(self) -> None:
        """Another version is live: what is damaged in it was not said yet."""
        self._damaged = set()

    def ask(self, commands: Sequence[Command], purpose: Purpose = "user") -> list[Any]:
        """The replies, None in the place of an error: what cannot be read costs only itself."""
        with trip(purpose) as noted:
            replies = self.trips.ask(commands)
            for place, reply in enumerate(replies):
                if isinstance(reply, Exception):
                    noted.refused(reply)
                    self.note(f"what {commands[place][0]!r} asks for ({purpose})", reply)
                    replies[place] = None
        self.breaker.succeeded()
        return replies

    def demand(self, commands: Sequence[Command], purpose: Purpose = "user") -> list[Any]:
        """As `_ask`; raises the first error among the replies."""
        with trip(purpose):
            replies = self.trips.make(commands)
        self.breaker.succeeded()
        return replies

    def read_list(self, snapshot: Snapshot, what: str, data: bytes | None) -> PackedList | None:
        if data is None:
            return None
        try:
            packed = unpack_list(data)
            packed.check_codes(len(snapshot.reasons), len(snapshot.sources))
        except PackedListError as error:
            self.note(what, error)
            return None
        return packed

    def read_overlay(self, snapshot: Snapshot, bucket: int, data: bytes | None) -> Refreshed | None:
        """The refreshed list of *data*; None where there is none, or a damaged one."""
        if data is None:
            return None
        what = f"a refreshed list in bucket {bucket}"
        try:
            overlay = unpack_overlay(data)
        except OverlayError as error:
            self.note(what, error)
            return None
        packed = self.read_list(snapshot, what, overlay.packed)
        if packed is None:
            return None
        return Refreshed(packed, hashlib.blake2b(data, digest_size=8).hexdigest())

    def read_explained(self, bucket: int, data: bytes | None) -> tuple[Explained, ...]:
        if data is None:
            return ()
        try:
            return tuple(unpack_explained(data))
        except ExplainedError as error:
            self.note(f"what explains a list in bucket {bucket}", error)
            return ()

    def read_recent(self, bucket: int, data: Sequence[bytes]) -> tuple[RecentEvent, ...]:
        if not data:
            return ()
        try:
            return tuple(map(unpack_event, data))
        except LiveError as error:
            self.note(f"what a user of bucket {bucket} did last", error)
            return ()

    def note(self, what: str, error: Exception) -> None:
        """Log damage once a version and process, not at every request; by bucket, not by user."""
        if what not in self._damaged and len(self._damaged) < MOST_SAID:
            self._damaged.add(what)
            log.error("%s cannot be read, going on without it: %s", what, error)
