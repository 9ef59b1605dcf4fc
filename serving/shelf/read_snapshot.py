"""The live version as the store has it: what the poller looks at, and reads when it moved."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from json.encoder import encode_basestring
from typing import Any, NamedTuple

from serving.lists.provenance import provenance_of
from serving.lists.reasons import Reasons
from serving.lists.shown import numbers_of, show
from serving.rank.rows import read_vectors
from serving.shelf.catalogue import Catalogue
from serving.shelf.snapshot import Snapshot
from serving.sight.trips import trip
from settings.errors import NightshelfError
from store.features import FeatureKind, PackedFeaturesError, load_kinds
from store.keys import DEFAULT_VARIANT, NamespaceKeys, VersionKeys
from store.live import read_ids
from store.packed import unpack_list
from store.pointer import Pointer, parse_pointer
from store.trip import Command, Trips

log = logging.getLogger("nightshelf.serving")


class NothingLiveError(NightshelfError):
    """The store is there, and shows readers nothing."""


class ShelfError(NightshelfError):
    """The store answers, but has no complete version to follow."""


class _Group(NamedTuple):
    """Those whom a shared list is for."""

    segment: str | None


class Live(NamedTuple):
    """What changes within a version."""

    pointer: Pointer
    hidden: frozenset[str]  # items that nobody is shown
    n_forgotten: int  # users of whom nothing is known any more
    has_overlays: bool  # whether there are refreshed lists of the version asked about


def read_live(trips: Trips, keys: NamespaceKeys, known: VersionKeys | None) -> Live:
    """What changes by day, and whether there are refreshed lists of the *known* version.

    In one trip.

    Raises `PointerError` when the pointer is damaged, or what the client raises.
    """
    commands: list[Command] = [
        ("GET", keys.active),
        ("SMEMBERS", keys.hidden),
        ("HLEN", keys.forgotten),
    ]
    if known is not None:
        commands.append(("EXISTS", known.overlay_state))
    with trip("poll"):
        active, hidden, n_forgotten, *overlays = trips.make(commands)
    return Live(parse_pointer(active), read_ids(hidden), n_forgotten, any(overlays))


def read_forgotten(trips: Trips, keys: NamespaceKeys) -> frozenset[str]:
    """Digests of the users of whom nothing is known any more; raises what the client raises."""
    with trip("poll"):
        (digests,) = trips.make([("HKEYS", keys.forgotten)])
    return read_ids(digests)


def read_snapshot(
    trips: Trips, catalogue: Catalogue, pointer: Pointer, keys: VersionKeys
) -> Snapshot:
    """The version that *pointer* names, with its shared lists in words.

    Raises `ShelfError` when it has no manifest, what a damaged manifest or list raises, and what
    the client raises.
    """
    with trip("poll"):
        raw, fields, overlays = trips.make(
            [
                ("GET", keys.manifest),
                ("HGETALL", keys.fallback),
                ("EXISTS", keys.overlay_state),
            ]
        )
    if raw is None:
        raise ShelfError(f"version {keys.version} is active but has no manifest; publish it")
    manifest = json.loads(raw)
    _check_manifest(manifest, keys)
    reasons = Reasons(manifest["reasons"])
    sources = tuple(encode_basestring(source) for source in manifest["sources"])
    block_size = manifest["block_size"]
    fallback = {}
    for name, packed in zip(fields[::2], fields[1::2], strict=True):
        field = name.decode("utf-8")
        entries = unpack_list(packed).entries()
        rows = catalogue.rows(keys, block_size, numbers_of(entries))
        group = _Group(_segment_of(field))
        fallback[field] = tuple(show(entries, rows, reasons, sources, group)[0])
    surfaces = manifest["surfaces"]
    snapshot = Snapshot(
        pointer,
        keys,
        manifest,
        provenance_of(manifest),
        reasons,
        sources,
        {name: keys.lists_prefix(name, DEFAULT_VARIANT) for name in surfaces},
        keys.users_prefix,
        {name: about.get("repeats", True) for name, about in surfaces.items()},
        fallback,
        {item: place for place, item in enumerate(manifest.get("had_items", ()))},
        _read_kinds(manifest),
        manifest["n_buckets"],
        block_size,
        manifest.get("similar", {"n_buckets": 0})["n_buckets"],
        read_vectors(manifest),
        datetime.fromisoformat(manifest["as_of"]).replace(tzinfo=UTC).timestamp(),
    )
    return snapshot.with_overlays(there=True) if overlays else snapshot


def _check_manifest(manifest: Any, keys: VersionKeys) -> None:
    """Raises `ShelfError` where a request would stumble over *manifest* later."""
    if not isinstance(manifest, dict) or manifest.get("version") != keys.version:
        raise ShelfError(f"the manifest of {keys.version} is of something else; publish it again")
    for name in ("n_buckets", "block_size"):
        if type(manifest.get(name)) is not int or manifest[name] < 1:
            raise ShelfError(f"manifest: {name} is {manifest.get(name)!r}; expected 1 or more")
    surfaces = manifest.get("surfaces")
    if not surfaces or not isinstance(surfaces, dict):
        raise ShelfError("manifest: no surfaces; expected a name and what is said of it for each")
    if not all(isinstance(about, dict) for about in surfaces.values()):
        raise ShelfError("manifest: a surface of which nothing is said; publish again")


def _segment_of(field: str) -> str | None:
    """The segment that the list *field* is of, if it is one's."""
    _, separator, segment = field.partition("/segment/")
    return segment if separator else None


def _read_kinds(manifest: Mapping[str, Any]) -> dict[str, FeatureKind]:
    """The kinds of entities of a version; none, and a line in the log, of another format.

    Its lists are shown all the same.
    """
    try:
        return load_kinds(manifest)
    except PackedFeaturesError as error:
        log.error("version %s is shown without %s", manifest["version"], error)
        return {}
