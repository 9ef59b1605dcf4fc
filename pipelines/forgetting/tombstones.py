"""Who is forgotten, as whatever brings rows in asks it: digests, and the ids that have one."""

from __future__ import annotations

import logging
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc
import redis

from settings import ProjectSettings, Settings
from store.connection import StoreSettings, StoreUnreachableError, connect_operator, hide_password
from store.tombstones import digest, read_file, tell_both

log = logging.getLogger("nightshelf")


def forgotten_users(settings: Settings) -> frozenset[str]:
    """Digests of the users whose rows are dropped, whoever delivers them.

    The store and the disk are made to have each other's; without the store those of the disk count.
    Raises `TombstoneError` when one is damaged.
    """
    try:
        with connect_operator(settings.read(StoreSettings)) as client:
            return frozenset(tell_both(settings, client))
    except (redis.RedisError, OSError, StoreUnreachableError) as error:
        log.debug("tombstones: %s; those on disk count", hide_password(str(error)))
        return frozenset(read_file(settings))


class Forgotten:
    """Tells forgotten users by their ids; safe to share between threads."""

    def __init__(self, namespace: str, digests: frozenset[str]) -> None:
        self.namespace = namespace
        self.digests = digests

    @classmethod
    def of(cls, settings: Settings) -> Forgotten:
        """Those of the settings' namespace, by `forgotten_users`."""
        return cls(settings.read(ProjectSettings).namespace, forgotten_users(settings))

    def __bool__(self) -> bool:
        return bool(self.digests)

    def has(self, user_id: str) -> bool:
        """Whether the user is forgotten."""
        return digest(self.namespace, user_id) in self.digests

    def among(self, user_ids: Iterable[str | None]) -> list[str]:
        """Those of *user_ids* who are forgotten, each once, sorted."""
        if not self.digests:
            return []
        return sorted({user for user in set(user_ids) if user is not None and self.has(user)})

    def in_column(self, column: pa.ChunkedArray | pa.Array) -> list[str]:
        """As `among`, of an Arrow column; numbers count as the text that they print."""
        if not self.digests:
            return []
        return self.among(pc.unique(column).cast(pa.string()).to_pylist())
