"""Round trips to the store, noted where they are made: `with trip("user"): pipeline.execute()`.

Noting costs an append; `Metrics.flush` counts the notes once a second.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Literal, NamedTuple

import redis

Purpose = Literal["user", "similar", "catalogue", "features", "poll", "events"]


class Noted(NamedTuple):
    """One round trip."""

    purpose: str
    seconds: float
    error: type[BaseException] | None
    blocks: int  # of the catalogue, that were not cached


notes: deque[Noted] = deque(maxlen=100_000)  # the oldest go where nobody flushes
open_span: Callable[[str], Any] | None = None  # set by serving.sight.traces


class trip:  # noqa: N801 - reads as the statement that it is
    """Note the round trip of the block under *purpose*, how long it took and how it failed."""

    __slots__ = ("_blocks", "_purpose", "_refused", "_span", "_started")

    def __init__(self, purpose: Purpose, *, blocks: int = 0) -> None:
        self._purpose = purpose
        self._blocks = blocks
        self._refused: type[BaseException] | None = None

    def refused(self, error: BaseException) -> None:
        """Note that one of its commands was, though the trip went on."""
        self._refused = type(error)

    def __enter__(self) -> trip:
        self._span = None if open_span is None else open_span(self._purpose)
        self._started = time.perf_counter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        seconds = time.perf_counter() - self._started
        kind = kind or self._refused
        notes.append(Noted(self._purpose, seconds, kind, self._blocks))
        if self._span is not None:
            if kind is not None:
                self._span.set_attribute("error.type", kind.__name__)
            self._span.end()


def kind_of(error: type[BaseException]) -> str:
    """What failed, in one of five words."""
    if issubclass(error, (redis.TimeoutError, TimeoutError)):
        return "timeout"
    if issubclass(error, redis.BusyLoadingError):
        return "loading"
    if issubclass(error, (redis.ConnectionError, OSError)):
        return "unreachable"
    if issubclass(error, redis.ResponseError):
        return "refused"  # out of memory, no permission, wrong type
    return "other"
