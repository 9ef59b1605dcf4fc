"""What a web process knows of the store: one snapshot, replaced as a whole by the poller."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice

import redis

from serving.features.rows import fetch_rows
from serving.lists.explanation import Explanation, in_words
from serving.lists.reasons import HasSegment
from serving.lists.session import followed, merge
from serving.lists.shown import Shown, numbers_of, show
from serving.lists.static_lists import StaticLists
from serving.rank.rows import Known, fetch_rank_rows, multiply
from serving.rank.wish import RankWish
from serving.shelf.breaker import Breaker
from serving.shelf.catalogue import Catalogue, Rows
from serving.shelf.on_shelf import OnShelf
from serving.shelf.read_snapshot import (
    NothingLiveError,
    read_forgotten,
    read_live,
    read_snapshot,
)
from serving.shelf.reader import Reader
from serving.shelf.snapshot import Snapshot
from serving.shelf.stored import HotLists, Stored
from store.features import FeatureKind, PackedFeaturesError, unpack_cells
from store.keys import NamespaceKeys, bucket_of
from store.live import RECENT_EVENTS
from store.packed import Entry, PackedList
from store.tombstones import is_forgotten
from store.trip import Command, Trips

log = logging.getLogger("nightshelf.serving")

AT_LEAST = 32  # neighbours that are put in words at once: filters may refuse the first ones


class Shelf:
    """Reads lists of the live version; safe to share between threads.

    `snapshot` is None until the store was reached once.
    """

    def __init__(
        self,
        client: redis.Redis,
        namespace: str,
        static: StaticLists,
        *,
        cached_blocks: int,
        cached_lists: int = 2000,
        breaker_failures: int = 3,
        trips: Trips | None = None,  # of *client*
    ) -> None:
        self.static = static
        self.snapshot: Snapshot | None = None
        self.breaker = Breaker(breaker_failures)
        self.hidden: frozenset[str] = frozenset()  # items that nobody is shown
        self.hidden_tag = ""  # another one when those are others
        self._forgotten: frozenset[str] = frozenset()  # digests of users
        self._client = client
        self.trips = trips or Trips(client)
        self._reader = Reader(self.trips, self.breaker)
        self._keys = NamespaceKeys(namespace)
        self._catalogue = Catalogue(self.trips, cached_blocks)
        self._hot = HotLists(cached_lists)

    @property
    def is_available(self) -> bool:
        """Whether requests may ask the store."""
        return self.breaker.is_closed

    def refresh(self) -> bool:
        """Follow the pointer; whether the version changed.

        Raises `NothingLiveError`, `ShelfError` of what is not whole, or what the client raises.
        """
        self.trips.follow()  # here and in no request: it may ask several servers
        known = self.snapshot
        version = None if known is None else known.keys
        live = read_live(self.trips, self._keys, version)
        pointer, hidden, n_forgotten, has_overlays = live
        if n_forgotten != len(self._forgotten):  # a tombstone stays
            self._forget(read_forgotten(self.trips, self._keys))
        if hidden != self.hidden:
            self.hidden = hidden
            text = "\0".join(sorted(hidden)).encode("utf-8", "backslashreplace")
            self.hidden_tag = hashlib.blake2b(text, digest_size=8).hexdigest()
        if pointer.version is None:
            raise NothingLiveError("no version is active; publish a run")
        if known is not None and known.pointer == pointer and self.is_available:
            if has_overlays is (known.overlays is None):
                self.snapshot = known.with_overlays(there=has_overlays)
            return False
        keys = self._keys.version(pointer.version)
        snapshot = read_snapshot(self.trips, self._catalogue, pointer, keys)
        self._reader.start_anew()
        self.snapshot = snapshot
        self.static = snapshot.static
        self.breaker.close()
        return known is None or known.pointer.version != pointer.version

    def is_forgotten(self, user_id: str) -> bool:
        """Whether nothing is to be known of *user_id*, as of the last look at the store."""
        return is_forgotten(self._keys.namespace, user_id, self._forgotten)

    def _forget(self, digests: frozenset[str]) -> None:
        """Let go of what is held of users who are forgotten since the last look."""
        self._forgotten = digests  # first, so that no request holds them again
        self._hot.let_go(self.is_forgotten)

    def close(self) -> None:
        """Close the connections to the store."""
        self.trips.let_go()
        self._client.close()

    def fetch(
        self, snapshot: Snapshot, surface: str, user_id: str, *, explain: bool = False
    ) -> OnShelf:
        """The user's list, row and last events in one trip; nothing while the breaker is open.

        With *explain* what speaks for the first items too, in the same trip.
        What is damaged is logged and left out. Raises what the client raises when the store stops
        answering.
        """
        if not self.is_available or self.is_forgotten(user_id):
            return OnShelf()
        return self._fetch(snapshot, surface, (user_id,), explain=explain)[0]

    def fetch_many(
        self, snapshot: Snapshot, surface: str, user_ids: Sequence[str], *, explain: bool = False
    ) -> list[OnShelf]:
        """As `fetch` for each of *user_ids*, all in one trip."""
        if not self.is_available:
            return [OnShelf() for _ in user_ids]
        found = self._fetch(snapshot, surface, user_ids, explain=explain)
        return [
            OnShelf() if self.is_forgotten(user_id) else one
            for user_id, one in zip(user_ids, found, strict=True)
        ]

    def _fetch(
        self, snapshot: Snapshot, surface: str, user_ids: Sequence[str], *, explain: bool
    ) -> list[OnShelf]:
        explain = explain and "features" in snapshot.manifest["surfaces"][surface]
        version, n_buckets = snapshot.keys.version, snapshot.n_buckets
        overlays = snapshot.overlays
        commands: list[Command] = []
        asked = []
        for user_id in user_ids:
            bucket = bucket_of(user_id, n_buckets)
            stored = self._hot.get((version, surface, user_id))
            asked.append((user_id, bucket, stored))
            if stored is None:
                commands += (
                    ("HGET", f"{snapshot.prefixes[surface]}{bucket}", user_id),
                    ("HGET", f"{snapshot.users_prefix}{bucket}", user_id),
                )
            commands.append(("LRANGE", self._keys.recent(user_id), 0, RECENT_EVENTS - 1))
            if overlays is not None:
                commands.append(("HGET", f"{overlays[surface]}{bucket}", user_id))
            if explain:
                commands.append(("HGET", snapshot.keys.explain(surface, bucket), user_id))
        reply = iter(self._reader.ask(commands)).__next__
        found = []
        for user_id, bucket, held in asked:
            stored = held or self._read_stored(snapshot, surface, user_id, reply(), reply())
            recent = self._reader.read_recent(bucket, reply())
            anew = (
                None if overlays is None else self._reader.read_overlay(snapshot, bucket, reply())
            )
            explained = self._reader.read_explained(bucket, reply()) if explain else ()
            if anew is None:
                found.append(OnShelf(stored, recent, explained=explained))
            else:  # what the night explained is another list
                stored = replace(stored, packed=anew.packed, shown=(0, ()))
                found.append(OnShelf(stored, recent, refreshed=anew.digest))
        return found

    def fetch_features(
        self, snapshot: Snapshot, kind: FeatureKind, ids: Sequence[str]
    ) -> dict[str, list[bytes]]:
        """The cells of those *ids* that have a row, all in one trip.

        What is damaged is logged and left out. Raises what the client raises when the store does
        not answer.
        """
        found = {}
        ask = partial(self._reader.demand, purpose="features")
        for entity_id, row in fetch_rows(ask, snapshot.keys, kind, ids).items():
            try:
                found[entity_id] = unpack_cells(row, len(kind.places))
            except PackedFeaturesError as error:
                bucket = bucket_of(entity_id, kind.n_buckets)
                self._reader.note(f"features of {kind.name} in bucket {bucket}", error)
        return found

    def fetch_rank(self, snapshot: Snapshot, wish: RankWish) -> Known:
        """What orders the candidates of *wish*, in one trip, and one for cold catalogue blocks.

        Nothing while the breaker is open; what is damaged is logged and left out. Raises what the
        client raises when the store stops answering.
        """
        if not self.is_available:
            return Known()
        rows = fetch_rank_rows(self._reader.demand, snapshot, wish)
        bucket = None if wish.user_id is None else bucket_of(wish.user_id, snapshot.n_buckets)
        what = f"the list for {wish.surface} of a user of bucket {bucket}"
        packed = self._reader.read_list(snapshot, what, rows.packed)
        entries = [] if packed is None else packed.entries()
        numbers = [entry.number for entry in entries]
        known = self._rows(snapshot, numbers)
        stored = {known[e.number].item_id: e.score for e in entries if e.number in known}
        model = snapshot.vectors.of(wish.surface)
        if model is None:
            return Known(stored)
        return Known(stored, *multiply(model, wish, rows, self._reader.note))

    def fetch_similar(self, snapshot: Snapshot, item_ids: Sequence[str]) -> dict[str, PackedList]:
        """What is next to those of *item_ids* that have neighbours, in one trip.

        Nothing of a version that was made without. Raises what the client raises when the store
        does not answer.
        """
        n_buckets = snapshot.similar_buckets
        if not n_buckets or not item_ids or not self.is_available:
            return {}
        commands = [
            ("HGET", snapshot.keys.similar(bucket_of(item_id, n_buckets)), item_id)
            for item_id in item_ids
        ]
        found = {}
        for item_id, data in zip(item_ids, self._reader.ask(commands, "similar"), strict=True):
            packed = self._reader.read_list(snapshot, f"what is next to item {item_id!r}", data)
            if packed is not None:
                found[item_id] = packed
        return found

    def near(self, snapshot: Snapshot, found: OnShelf, chunk: int) -> Iterator[Shown]:
        """What is next to the items looked at last, best first, but not those.

        Raises what the client raises when the store does not answer.
        """
        looked_at = found.last_items
        last = followed(looked_at)
        similar = found.similar
        if similar is None:
            similar = self.fetch_similar(snapshot, last)
        unread = iter(merge(last, similar))
        while entries := list(islice(unread, max(chunk, AT_LEAST))):
            for shown in self._show(snapshot, entries, found, found):
                if shown.row.item_id not in looked_at:
                    yield shown

    def personal(self, snapshot: Snapshot, found: OnShelf, chunk: int) -> Iterator[Shown]:
        """The user's own list in words, *chunk* entries at a time as far as they are read.

        Raises what the client raises when a catalogue block has to be fetched and cannot be.
        """
        stored = found.stored
        if stored is None or stored.packed is None:
            return
        packed = stored.packed
        n_read, ready = stored.shown
        yield from ready
        while n_read < len(packed):
            entries = packed.entries(n_read, n_read + chunk)
            more = self._show(snapshot, entries, stored, found)
            n_read += len(entries)
            if not found.lacks:  # what is missing may come back
                ready = (*ready, *more)
                if n_read > stored.shown[0]:  # another thread may have read as far
                    stored.shown = (n_read, ready)
            yield from more

    def explain(self, snapshot: Snapshot, surface: str, found: OnShelf) -> dict[str, Explanation]:
        """What *found* says of the first items, by item id; a trip only for cold catalogue blocks.

        Raises what the client raises when a block has to be fetched and cannot be.
        """
        numbers = [explained.number for explained in found.explained]
        rows = self._rows(snapshot, numbers)
        return {
            rows[explained.number].item_id: in_words(explained, snapshot.manifest, surface)
            for explained in found.explained
            if explained.number in rows
        }

    def _read_stored(
        self, snapshot: Snapshot, surface: str, user_id: str, data: bytes | None, row: bytes | None
    ) -> Stored:
        bucket = bucket_of(user_id, snapshot.n_buckets)
        packed = self._reader.read_list(snapshot, f"a list of {surface} in bucket {bucket}", data)
        stored = Stored(bucket, packed, row, self._reader.note)
        if packed is not None and not self.is_forgotten(user_id):
            self._hot.keep((snapshot.keys.version, surface, user_id), stored)
        return stored

    def _rows(self, snapshot: Snapshot, numbers: Sequence[int]) -> Rows:
        """The rows of *numbers*; while the breaker is open those that are held."""
        return self._catalogue.rows(
            snapshot.keys, snapshot.block_size, numbers, ask=self.is_available
        )

    def _show(
        self, snapshot: Snapshot, entries: Sequence[Entry], whose: HasSegment, found: OnShelf
    ) -> list[Shown]:
        """*entries* in words; *found* lacks something if a row does."""
        rows = self._rows(snapshot, numbers_of(entries))
        shown, lacks = show(entries, rows, snapshot.reasons, snapshot.sources, whose)
        found.lacks |= lacks
        return shown
