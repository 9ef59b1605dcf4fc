"""What a web process knows of the store: one snapshot, replaced as a whole by the poller."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import redis

from serving.catalogue import Catalogue
from serving.shown import Provenance, Shown, provenance_of, show
from serving.static_lists import StaticLists
from settings.errors import NightshelfError
from store.keys import DEFAULT_VARIANT, NamespaceKeys, VersionKeys, bucket_of
from store.packed import Entry, PackedList, unpack_list
from store.pointer import Pointer, read_active


class ShelfError(NightshelfError):
    """The store answers, but has no complete version to follow."""


@dataclass(frozen=True)
class Snapshot:
    """One version, as far as requests need it without asking the store."""

    pointer: Pointer
    keys: VersionKeys
    manifest: Mapping[str, Any]
    provenance: Provenance
    prefixes: Mapping[str, str]  # surface → its list keys without the bucket
    fallback: Mapping[str, tuple[Shown, ...]]  # "<surface>/trending" … → resolved list

    @property
    def surfaces(self) -> tuple[str, ...]:
        """Names of the surfaces this version has lists for."""
        return tuple(self.prefixes)

    def static(self) -> StaticLists:
        """This version's global (else trending) lists, to be kept in a file."""
        lists = {
            surface: self.fallback.get(f"{surface}/global")
            or self.fallback.get(f"{surface}/trending", ())
            for surface in self.surfaces
        }
        return StaticLists(self.provenance, lists)


@dataclass(frozen=True)
class OnShelf:
    """What the store has for one user: maybe nothing."""

    packed: PackedList | None = None
    segment: str | None = None


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
        self._namespace = namespace
        self._catalogue = Catalogue(client, cached_blocks)

    def refresh(self) -> bool:
        """Follow the pointer; whether the version changed.

        Raises `ShelfError` when nothing complete is live, or what the client raises.
        """
        pointer = read_active(self._client, self._namespace)
        known = self.snapshot
        if pointer.version is None:
            raise ShelfError("no version is active; publish a run")
        if known is not None and known.pointer == pointer and self.is_available:
            return False
        keys = NamespaceKeys(self._namespace).version(pointer.version)
        snapshot = self._read_snapshot(pointer, keys)
        self.snapshot = snapshot
        self.static = snapshot.static()
        self.is_available = True
        return known is None or known.pointer.version != pointer.version

    def close(self) -> None:
        """Close the connections to the store."""
        self._client.close()

    def fetch(self, snapshot: Snapshot, surface: str, user_id: str) -> OnShelf:
        """The user's list and segment in one trip; nothing while the store is not available.

        Raises what the client raises when the store stops answering.
        """
        if not self.is_available:
            return OnShelf()
        bucket = bucket_of(user_id, snapshot.manifest["n_buckets"])
        pipeline = self._client.pipeline(transaction=False)
        pipeline.hget(f"{snapshot.prefixes[surface]}{bucket}", user_id)
        pipeline.hget(snapshot.keys.users(bucket), user_id)
        packed, row = pipeline.execute()
        return OnShelf(
            None if packed is None else unpack_list(packed),
            None if row is None else json.loads(row).get("segment"),
        )

    def resolve(self, snapshot: Snapshot, packed: PackedList, chunk: int) -> Iterator[Shown]:
        """The entries of *packed* in words, *chunk* at a time as far as they are read.

        Raises what the client raises when a catalogue block has to be fetched and cannot be.
        """
        entries = iter(packed)
        while part := list(islice(entries, chunk)):
            yield from self._show(snapshot.keys, snapshot.manifest, part)

    def _show(
        self, keys: VersionKeys, manifest: Mapping[str, Any], entries: list[Entry]
    ) -> Iterator[Shown]:
        numbers = chain(
            (entry.number for entry in entries),
            (entry.reason_item for entry in entries if entry.reason_item is not None),
        )
        rows = self._catalogue.look_up(keys, manifest["block_size"], numbers)
        for entry in entries:
            if (shown := show(entry, rows, manifest)) is not None:
                yield shown

    def _read_snapshot(self, pointer: Pointer, keys: VersionKeys) -> Snapshot:
        pipeline = self._client.pipeline(transaction=False)
        pipeline.get(keys.manifest)
        pipeline.hgetall(keys.fallback)
        raw, packed_by_field = pipeline.execute()
        if raw is None:
            raise ShelfError(f"version {keys.version} is active but has no manifest; publish it")
        manifest = json.loads(raw)
        fallback = {
            field.decode("utf-8"): tuple(self._show(keys, manifest, list(unpack_list(packed))))
            for field, packed in packed_by_field.items()
        }
        prefixes = {name: keys.lists_prefix(name, DEFAULT_VARIANT) for name in manifest["surfaces"]}
        return Snapshot(pointer, keys, manifest, provenance_of(manifest), prefixes, fallback)
