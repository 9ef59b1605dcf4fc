"""One version as a web process holds it: what requests need without asking the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from serving.lists.provenance import Provenance
from serving.lists.reasons import Reasons
from serving.lists.shown import Shown
from serving.lists.static_lists import StaticLists
from store.features import FeatureKind
from store.keys import DEFAULT_VARIANT, VersionKeys
from store.pointer import Pointer
from store.vectors import Vectors


@dataclass(frozen=True)
class Snapshot:
    """One version, as far as requests need it without asking the store."""

    pointer: Pointer
    keys: VersionKeys
    manifest: Mapping[str, Any]
    provenance: Provenance
    reasons: Reasons
    sources: tuple[str, ...]  # of the manifest, as JSON texts
    prefixes: Mapping[str, str]  # surface → its list keys without the bucket
    users_prefix: str  # of the keys of users' rows, without the bucket
    repeats: Mapping[str, bool]  # surface → whether it shows what a user had
    fallback: Mapping[str, tuple[Shown, ...]]  # "<surface>/trending" … → resolved list
    had_places: Mapping[str, int]  # item id → bit of a user's `had`
    kinds: Mapping[str, FeatureKind]  # of entities that there are features of
    n_buckets: int  # of users
    block_size: int  # rows of a block of the catalogue
    similar_buckets: int  # of items next to items; 0: this version has none
    vectors: Vectors  # that candidates of a caller are ordered by
    as_of: float  # seconds since 1970: the lists know what happened before
    # Surface → its refreshed lists' keys without the bucket; None while nobody has one.
    overlays: Mapping[str, str] | None = None

    def with_overlays(self, *, there: bool) -> Snapshot:
        """The same version, of which refreshed lists are *there* or not."""
        prefixes = {name: self.keys.overlay_prefix(name, DEFAULT_VARIANT) for name in self.prefixes}
        return replace(self, overlays=prefixes if there else None)

    @property
    def surfaces(self) -> tuple[str, ...]:
        """Names of the surfaces this version has lists for."""
        return tuple(self.prefixes)

    @cached_property
    def static(self) -> StaticLists:
        """This version's global (else trending) lists, to be kept in a file."""
        lists = {
            surface: self.fallback.get(f"{surface}/global")
            or self.fallback.get(f"{surface}/trending", ())
            for surface in self.surfaces
        }
        return StaticLists(self.provenance, lists)
