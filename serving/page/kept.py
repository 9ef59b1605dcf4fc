"""Versions that are kept and not live, read for a visitor who compares."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

import redis
from werkzeug.exceptions import ServiceUnavailable

from serving.lists.provenance import Provenance
from serving.lists.static_lists import StaticLists
from serving.shelf.catalogue import Catalogue
from serving.shelf.read_snapshot import ShelfError, read_snapshot
from serving.shelf.shelf import Shelf
from serving.shelf.snapshot import Snapshot
from settings import ProjectSettings, Settings
from settings.errors import NightshelfError
from store.connection import OPERATOR_TIMEOUT_S, StoreSettings, connect_reader
from store.keys import NamespaceKeys
from store.pointer import Pointer
from store.trip import Trips

HELD = 4  # versions whose shared lists and manifest are held
BLOCKS = 200  # of the catalogue, for one request
_NOTHING = StaticLists(Provenance(None, None, None, None), {})


class DamagedVersionError(NightshelfError):
    """A version is kept, and cannot be read."""


class KeptVersions:
    """Shelves of versions that are not live.

    What is immutable is held between requests; a connection is not, since requests are rare.
    """

    def __init__(self, settings: Settings) -> None:
        store = settings.read(StoreSettings)
        patience = max(store.timeout_ms, int(1000 * OPERATOR_TIMEOUT_S))
        self._settings = store.model_copy(update={"timeout_ms": patience})
        self._namespace = settings.read(ProjectSettings).namespace
        self._held: OrderedDict[str, Snapshot] = OrderedDict()

    @contextmanager
    def open(self, version: str, hidden: frozenset[str]) -> Iterator[Shelf]:
        """A shelf of *version* that shows none of *hidden*.

        Raises `DamagedVersionError` when the version is not complete or of another format,
        `ServiceUnavailable` when the store does not answer.
        """
        client = connect_reader(self._settings)
        trips = Trips(client)
        shelf = Shelf(client, self._namespace, _NOTHING, cached_blocks=BLOCKS, trips=trips)
        try:
            trips.follow()
            shelf.snapshot = self._snapshot(trips, version)
            shelf.hidden = hidden
            shelf.breaker.close()  # it answers
            yield shelf
        except (redis.RedisError, OSError):
            raise ServiceUnavailable("The store does not answer.") from None
        finally:
            shelf.close()

    def _snapshot(self, trips: Trips, version: str) -> Snapshot:
        snapshot = self._held.pop(version, None)
        if snapshot is None:
            keys = NamespaceKeys(self._namespace).version(version)
            try:
                pointer = Pointer(0, version)
                snapshot = read_snapshot(trips, Catalogue(trips, BLOCKS), pointer, keys)
            except ShelfError:
                raise DamagedVersionError(
                    f"Version {version} has no manifest: it is loading, or was deleted."
                ) from None
            except (NightshelfError, KeyError, ValueError, TypeError) as error:
                raise DamagedVersionError(
                    f"Version {version} cannot be read ({type(error).__name__}: {error})."
                ) from None
        self._held[version] = snapshot
        while len(self._held) > HELD:
            self._held.popitem(last=False)
        return snapshot
