"""What a web process knows of the store: one snapshot, replaced as a whole by the poller."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any

import redis

from serving.catalogue import Catalogue
from serving.explanation import Explanation, in_words
from serving.feature_rows import fetch_rows, read_kinds
from serving.session import followed, merge
from serving.shown import Shown, provenance_of, show
from serving.sight.trips import trip
from serving.snapshot import Snapshot
from serving.static_lists import StaticLists
from settings.errors import NightshelfError
from store.explained import Explained, ExplainedError, unpack_explained
from store.features import FeatureKind, PackedFeaturesError, unpack_cells
from store.had import unpack_had
from store.keys import DEFAULT_VARIANT, NamespaceKeys, VersionKeys, bucket_of
from store.live import RECENT_EVENTS, LiveError, RecentEvent, read_ids, unpack_event
from store.packed import Entry, PackedList, PackedListError, unpack_list
from store.pointer import Pointer, parse_pointer

log = logging.getLogger("nightshelf.serving")


class ShelfError(NightshelfError):
    """The store answers, but has no complete version to follow."""


@dataclass(frozen=True)
class OnShelf:
    """What the store has for one user: maybe nothing."""

    packed: PackedList | None = None
    segment: str | None = None
    had: int = 0  # bits of what the user had, of the items of shared lists
    recent: tuple[RecentEvent, ...] = ()  # newest first
    last_items: tuple[str, ...] = ()  # of the events that the night saw, newest first
    explained: tuple[Explained, ...] = ()  # of the first items of the packed list, where asked for

    @property
    def is_known(self) -> bool:
        """Whether there is a list or a row of the user."""
        return self.packed is not None or self.segment is not None


class Shelf:
    """Reads lists of the live version; safe to share between threads.

    `snapshot` is None until the store was reached once.
    `is_available` turns False when a trip fails and True when a poll succeeds, so that only the
    requests under way pay for a store that stopped answering.
    """

    def __init__(
        self, client: redis.Redis, namespace: str, static: StaticLists, *, cached_blocks: int
    ) -> None:
        self.static = static
        self.snapshot: Snapshot | None = None
        self.is_available = False
        self._client = client
        self.hidden: frozenset[str] = frozenset()  # items that nobody is shown
        self._keys = NamespaceKeys(namespace)
        self._catalogue = Catalogue(client, cached_blocks)
        self._damaged: set[str] = set()  # what was said of the snapshot's version

    def refresh(self) -> bool:
        """Follow the pointer; whether the version changed.

        Raises `ShelfError` when nothing complete is live, or what the client raises.
        """
        pointer, hidden = self._read_live()
        self.hidden = hidden
        known = self.snapshot
        if pointer.version is None:
            raise ShelfError("no version is active; publish a run")
        if known is not None and known.pointer == pointer and self.is_available:
            return False
        keys = self._keys.version(pointer.version)
        snapshot = self._read_snapshot(pointer, keys)
        self._damaged = set()
        self.snapshot = snapshot
        self.static = snapshot.static()
        self.is_available = True
        return known is None or known.pointer.version != pointer.version

    def close(self) -> None:
        """Close the connections to the store."""
        self._client.close()

    def fetch(
        self, snapshot: Snapshot, surface: str, user_id: str, *, explain: bool = False
    ) -> OnShelf:
        """The user's list and row in one trip; nothing while the store is not available.

        With *explain* what speaks for the first items too, in the same trip.
        What is damaged is logged and left out. Raises what the client raises when the store stops
        answering.
        """
        if not self.is_available:
            return OnShelf()
        bucket = bucket_of(user_id, snapshot.manifest["n_buckets"])
        pipeline = self._client.pipeline(transaction=False)
        pipeline.hget(f"{snapshot.prefixes[surface]}{bucket}", user_id)
        pipeline.hget(snapshot.keys.users(bucket), user_id)
        pipeline.lrange(self._keys.recent(user_id), 0, RECENT_EVENTS - 1)
        if explain and "features" in snapshot.manifest["surfaces"][surface]:
            pipeline.hget(snapshot.keys.explain(surface, bucket), user_id)
        with trip("user"):
            packed, row, recent, *explained = pipeline.execute()
        segment, had, last_items = self._read_row(bucket, row)
        return OnShelf(
            self._read_list(snapshot, f"a list of {surface} in bucket {bucket}", packed),
            segment,
            had,
            self._read_recent(bucket, recent),
            last_items,
            self._read_explained(bucket, explained[0]) if explained else (),
        )

    def fetch_features(
        self, snapshot: Snapshot, kind: FeatureKind, ids: Sequence[str]
    ) -> dict[str, list[bytes]]:
        """The cells of those *ids* that have a row, all in one trip.

        What is damaged is logged and left out. Raises what the client raises when the store does
        not answer.
        """
        found = {}
        for entity_id, row in fetch_rows(self._client, snapshot.keys, kind, ids).items():
            try:
                found[entity_id] = unpack_cells(row, len(kind.places))
            except PackedFeaturesError as error:
                bucket = bucket_of(entity_id, kind.n_buckets)
                self._note(f"features of {kind.name} in bucket {bucket}", error)
        return found

    def fetch_similar(self, snapshot: Snapshot, item_ids: Sequence[str]) -> dict[str, PackedList]:
        """What is next to those of *item_ids* that have neighbours, in one trip.

        Nothing of a version that was made without. Raises what the client raises when the store
        does not answer.
        """
        n_buckets = snapshot.similar_buckets
        if not n_buckets or not item_ids or not self.is_available:
            return {}
        pipeline = self._client.pipeline(transaction=False)
        for item_id in item_ids:
            pipeline.hget(snapshot.keys.similar(bucket_of(item_id, n_buckets)), item_id)
        with trip("similar"):
            lists = pipeline.execute()
        found = {}
        for item_id, data in zip(item_ids, lists, strict=True):
            packed = self._read_list(snapshot, f"what is next to item {item_id!r}", data)
            if packed is not None:
                found[item_id] = packed
        return found

    def near(
        self, snapshot: Snapshot, item_ids: Sequence[str], chunk: int, segment: str | None
    ) -> Iterator[Shown]:
        """What is next to the last of *item_ids* (newest first), best first, but not those.

        Raises what the client raises when the store does not answer.
        """
        last = followed(item_ids)
        entries = merge(last, self.fetch_similar(snapshot, last))
        for shown in self._in_words(snapshot, entries, chunk, segment):
            if shown.item_id not in item_ids:
                yield shown

    def resolve(
        self, snapshot: Snapshot, packed: PackedList, chunk: int, segment: str | None
    ) -> Iterator[Shown]:
        """The entries of *packed* in words, *chunk* at a time as far as they are read.

        Raises what the client raises when a catalogue block has to be fetched and cannot be.
        """
        return self._in_words(snapshot, packed, chunk, segment)

    def _in_words(
        self, snapshot: Snapshot, entries: Iterable[Entry], chunk: int, segment: str | None
    ) -> Iterator[Shown]:
        unread = iter(entries)
        while part := list(islice(unread, chunk)):
            yield from self._show(snapshot.keys, snapshot.manifest, part, segment)

    def explain(self, snapshot: Snapshot, surface: str, found: OnShelf) -> dict[str, Explanation]:
        """What *found* says of the first items, by item id; a trip only for cold catalogue blocks.

        Raises what the client raises when a block has to be fetched and cannot be.
        """
        manifest = snapshot.manifest
        numbers = [explained.number for explained in found.explained]
        rows = self._catalogue.look_up(snapshot.keys, manifest["block_size"], numbers)
        return {
            rows[explained.number].item_id: in_words(explained, manifest, surface)
            for explained in found.explained
            if explained.number in rows
        }

    def _read_list(self, snapshot: Snapshot, what: str, data: bytes | None) -> PackedList | None:
        if data is None:
            return None
        try:
            packed = unpack_list(data)
            packed.check_codes(len(snapshot.manifest["reasons"]), len(snapshot.manifest["sources"]))
        except PackedListError as error:
            self._note(what, error)
            return None
        return packed

    def _read_explained(self, bucket: int, data: bytes | None) -> tuple[Explained, ...]:
        if data is None:
            return ()
        try:
            return tuple(unpack_explained(data))
        except ExplainedError as error:
            self._note(f"what explains a list in bucket {bucket}", error)
            return ()

    def _read_recent(self, bucket: int, data: Sequence[bytes]) -> tuple[RecentEvent, ...]:
        try:
            return tuple(map(unpack_event, data))
        except LiveError as error:
            self._note(f"what a user of bucket {bucket} did last", error)
            return ()

    def _read_row(self, bucket: int, data: bytes | None) -> tuple[str | None, int, tuple[str, ...]]:
        """Segment, what was had, last items; nothing of them of a user nobody has heard of."""
        if data is None:
            return None, 0, ()
        try:
            row = json.loads(data)
            last_items = tuple(map(str, row.get("last_items", ())))
            return row.get("segment"), unpack_had(row.get("had", "")), last_items
        except (ValueError, TypeError, AttributeError) as error:
            self._note(f"a row of users in bucket {bucket}", error)
            return None, 0, ()

    def _note(self, what: str, error: Exception) -> None:
        """Log damage once a version and process, not at every request; by bucket, not by user."""
        if what not in self._damaged:
            self._damaged.add(what)
            log.error("%s cannot be read, going on without it: %s", what, error)

    def _show(
        self,
        keys: VersionKeys,
        manifest: Mapping[str, Any],
        entries: list[Entry],
        segment: str | None,
    ) -> Iterator[Shown]:
        numbers = chain(
            (entry.number for entry in entries),
            (entry.reason_item for entry in entries if entry.reason_item is not None),
        )
        rows = self._catalogue.look_up(keys, manifest["block_size"], numbers)
        for entry in entries:
            if (shown := show(entry, rows, manifest, segment)) is not None:
                yield shown

    def _read_live(self) -> tuple[Pointer, frozenset[str]]:
        """What changes within a version: the pointer, and what nobody is to be shown."""
        pipeline = self._client.pipeline(transaction=False)
        pipeline.get(self._keys.active)
        pipeline.smembers(self._keys.hidden)
        with trip("poll"):
            active, hidden = pipeline.execute()
        return parse_pointer(active), read_ids(hidden)

    def _read_snapshot(self, pointer: Pointer, keys: VersionKeys) -> Snapshot:
        pipeline = self._client.pipeline(transaction=False)
        pipeline.get(keys.manifest)
        pipeline.hgetall(keys.fallback)
        with trip("poll"):
            raw, packed_by_field = pipeline.execute()
        if raw is None:
            raise ShelfError(f"version {keys.version} is active but has no manifest; publish it")
        manifest = json.loads(raw)
        fallback = {}
        for name, packed in packed_by_field.items():
            field = name.decode("utf-8")
            entries = list(unpack_list(packed))
            fallback[field] = tuple(self._show(keys, manifest, entries, _segment_of(field)))
        prefixes = {name: keys.lists_prefix(name, DEFAULT_VARIANT) for name in manifest["surfaces"]}
        places = {item: place for place, item in enumerate(manifest.get("had_items", ()))}
        return Snapshot(
            pointer,
            keys,
            manifest,
            provenance_of(manifest),
            prefixes,
            {name: about.get("repeats", True) for name, about in manifest["surfaces"].items()},
            fallback,
            places,
            read_kinds(manifest),
            manifest.get("similar", {"n_buckets": 0})["n_buckets"],
            datetime.fromisoformat(manifest["as_of"]).replace(tzinfo=UTC).timestamp(),
        )


def _segment_of(field: str) -> str | None:
    """The segment that the list *field* is of, if it is one's."""
    _, separator, segment = field.partition("/segment/")
    return segment if separator else None
