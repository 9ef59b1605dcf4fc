"""Names of everything on the shelf, and the identifiers that they are made of.

A name is built from checked parts only, so no part can reach into another namespace.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

from settings.errors import NightshelfError

USERS_PER_BUCKET = 128  # measured: docs/decisions/packed-lists-and-buckets.md
DEFAULT_VARIANT = "default"

NAMESPACE_PATTERN = re.compile(r"[a-z][a-z0-9_]{0,31}")
SURFACE_PATTERN = NAMESPACE_PATTERN
VARIANT_PATTERN = NAMESPACE_PATTERN
KIND_PATTERN = re.compile(r"[a-z][a-z0-9_]{0,62}")
DIGEST_PATTERN = re.compile(r"[0-9a-f]{32}")
VERSION_PATTERN = re.compile(r"\d{8}T\d{6}-[0-9a-f]{12}-[0-9a-f]{8}")


class KeyPartError(NightshelfError):
    """A namespace, surface, variant, kind or version id that cannot be part of a key."""


def bucket_of(entity_id: str, n_buckets: int) -> int:
    """The bucket, 0 ≤ bucket < *n_buckets*, that holds *entity_id*, mostly a user's."""
    return zlib.crc32(entity_id.encode("utf-8")) % n_buckets


def bucket_count(n_entities: int) -> int:
    """How many buckets *n_entities*, mostly users, are spread over, at least one."""
    return max(1, -(-n_entities // USERS_PER_BUCKET))


def check_version(version: str) -> str:
    """*version* itself; raises `KeyPartError` when it is not `<run id>-<8 hex>`."""
    return _check("version id", version, VERSION_PATTERN)


def run_id_of(version: str) -> str:
    """The id of the run that made *version*."""
    return version.rpartition("-")[0]


@dataclass(frozen=True)
class NamespaceKeys:
    """The keys of one namespace that no version owns."""

    namespace: str

    def __post_init__(self) -> None:
        _check("namespace", self.namespace, NAMESPACE_PATTERN)

    @property
    def active(self) -> str:
        """String `<generation> <version>`, and a third part while a hold is set."""
        return f"ns:{self.namespace}:active"

    @property
    def versions(self) -> str:
        """Hash: version id → JSON record."""
        return f"ns:{self.namespace}:versions"

    @property
    def publisher(self) -> str:
        """String: which process is publishing; expires when that process stops renewing it."""
        return f"ns:{self.namespace}:publisher"

    @property
    def hidden(self) -> str:
        """Set: ids of items that nobody is shown, from the next second on."""
        return f"ns:{self.namespace}:live:hidden"

    @property
    def events(self) -> str:
        """Stream: what users did, until the collector has it in the lake (`store.events`)."""
        return f"ns:{self.namespace}:events"

    @property
    def forgotten(self) -> str:
        """Hash: digest of a forgotten user → JSON of when, and how far forgetting has come."""
        return f"ns:{self.namespace}:forgotten"

    def recent(self, user_id: str) -> str:
        """List: what the user did last, newest first (`store.live`)."""
        return f"ns:{self.namespace}:live:recent:{user_id}"

    def limit(self, digest: str) -> str:
        """String: how far a caller is ahead of its rate limit; gone when it is not.

        *digest* stands for the caller (32 hex digits), so that no id is kept.
        """
        return f"ns:{self.namespace}:limit:{_check('digest', digest, DIGEST_PATTERN)}"

    def version(self, version: str) -> VersionKeys:
        """The keys that *version* owns."""
        return VersionKeys(self.namespace, version)


@dataclass(frozen=True)
class VersionKeys:
    """The keys of one immutable version."""

    namespace: str
    version: str

    def __post_init__(self) -> None:
        _check("namespace", self.namespace, NAMESPACE_PATTERN)
        check_version(self.version)

    @property
    def prefix(self) -> str:
        """What every key of this version starts with."""
        return f"ns:{self.namespace}:v:{self.version}:"

    @property
    def manifest(self) -> str:
        """String: when, from what, counts, metrics."""
        return f"{self.prefix}manifest"

    @property
    def fallback(self) -> str:
        """Hash: `<surface>/trending`, `<surface>/global`, `<surface>/segment/<name>`, … → list."""
        return f"{self.prefix}fallback"

    def lists(self, surface: str, variant: str, bucket: int) -> str:
        """Hash: user id → packed list."""
        return f"{self.lists_prefix(surface, variant)}{bucket:d}"

    def lists_prefix(self, surface: str, variant: str) -> str:
        """`lists` without the bucket, checked once so that a hot route need not."""
        _check("surface", surface, SURFACE_PATTERN)
        _check("variant", variant, VARIANT_PATTERN)
        return f"{self.prefix}lists:{surface}:{variant}:"

    def overlay(self, surface: str, variant: str, bucket: int) -> str:
        """Hash: user id → refreshed list, which dies with the version (`store.overlay`)."""
        return f"{self.overlay_prefix(surface, variant)}{bucket:d}"

    def overlay_prefix(self, surface: str, variant: str) -> str:
        """`overlay` without the bucket, checked once so that a hot route need not."""
        _check("surface", surface, SURFACE_PATTERN)
        _check("variant", variant, VARIANT_PATTERN)
        return f"{self.prefix}overlay:{surface}:{variant}:"

    @property
    def overlay_state(self) -> str:
        """String: JSON of the last refresh; there while the version has refreshed lists."""
        return f"{self.prefix}overlay"

    def users(self, bucket: int) -> str:
        """Hash: user id → JSON of segment, top categories, last items."""
        return f"{self.users_prefix}{bucket:d}"

    @property
    def users_prefix(self) -> str:
        """`users` without the bucket."""
        return f"{self.prefix}users:"

    def explain(self, surface: str, bucket: int) -> str:
        """Hash: user id → packed explanations of the first items of the list."""
        _check("surface", surface, SURFACE_PATTERN)
        return f"{self.prefix}explain:{surface}:{bucket:d}"

    def similar(self, bucket: int) -> str:
        """Hash: item id → packed list of the items next to it."""
        return f"{self.prefix}similar:{bucket:d}"

    def features(self, kind: str, bucket: int) -> str:
        """Hash: id of a user, an item, … → its packed features."""
        return f"{self.features_prefix(kind)}{bucket:d}"

    def features_prefix(self, kind: str) -> str:
        """`features` without the bucket, checked once for all the buckets of a request."""
        _check("kind", kind, KIND_PATTERN)
        return f"{self.prefix}features:{kind}:"

    def vectors(self, kind: str, bucket: int) -> str:
        """Hash: id of a user or an item → its packed vector."""
        return f"{self.vectors_prefix(kind)}{bucket:d}"

    def vectors_prefix(self, kind: str) -> str:
        """`vectors` without the bucket, checked once for all the buckets of a request."""
        _check("kind", kind, KIND_PATTERN)
        return f"{self.prefix}vectors:{kind}:"

    def catalogue(self, block: int) -> str:
        """String: JSON rows of the item numbers block × block_size … ."""
        return f"{self.prefix}catalogue:{block:d}"


def _check(what: str, value: str, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise KeyPartError(f"{what} {value!r}: expected text matching {pattern.pattern}")
    return value
