"""The store for routes that may wait for it: rare ones, of people and not of pages."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import redis
from werkzeug.exceptions import ServiceUnavailable

from settings import ProjectSettings, Settings
from store.connection import StoreSettings, StoreUnreachableError, connect_operator

RETRY_AFTER_S = 1

log = logging.getLogger("nightshelf.serving")


@dataclass(frozen=True)
class PatientStore:
    """Opens a connection for one request, so that none of them is held between two."""

    settings: StoreSettings
    namespace: str

    @classmethod
    def of(cls, settings: Settings) -> PatientStore:
        """That of the settings' store and namespace."""
        return cls(settings.read(StoreSettings), settings.read(ProjectSettings).namespace)

    @contextmanager
    def open(self) -> Iterator[redis.Redis]:
        """A client that waits some seconds; raises `ServiceUnavailable` when the store is away."""
        try:
            with connect_operator(self.settings) as client:
                yield client
        except (redis.RedisError, OSError, StoreUnreachableError) as error:
            log.warning("store: %s", error)
            raise ServiceUnavailable(
                "The store does not answer.", retry_after=RETRY_AFTER_S
            ) from None
