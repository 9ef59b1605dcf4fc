"""What becomes of checked events: into the log, or why not."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Literal

import redis
from werkzeug.exceptions import ServiceUnavailable

from serving.events.check import Rejected
from serving.events.stream import Stream
from store.connection import hide_password
from store.events import Event

Durability = Literal["fsync", "process", "spool"]
RETRY_AFTER_S = 1

log = logging.getLogger("nightshelf.serving")


class Intake:
    """Takes events to the log."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def stop(self) -> None:
        """Close the connections."""
        self._stream.close()

    def admit(self, n_events: int) -> None:
        """Nothing is limited yet."""

    def take(self, events: Sequence[Event], rejected: Sequence[Rejected]) -> Durability:
        """Append *events*; how well they are kept. Raises `ServiceUnavailable`."""
        if not events:
            return "process"
        try:
            self._stream.append(events)
        except (redis.RedisError, OSError) as error:
            log.warning("event log: %s", hide_password(str(error)))
            raise ServiceUnavailable(
                "The event log does not answer.", retry_after=RETRY_AFTER_S
            ) from None
        return "process"
