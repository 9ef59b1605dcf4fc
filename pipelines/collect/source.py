"""Where events wait: what every event log has to offer the collector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from settings.errors import NightshelfError


class EventSourceError(NightshelfError):
    """The log cannot be read; what was collected stays, the rest waits."""


@dataclass(frozen=True, slots=True)
class Record:
    """One entry of a log: its place there, and the bytes as delivered."""

    entry: str
    data: bytes


@dataclass(frozen=True)
class Lag:
    """How far the collector is behind."""

    waiting: int  # entries that are not acknowledged
    oldest_s: float | None  # age of the oldest of them in seconds; None where none waits


class EventSource(Protocol):
    """A log that keeps every entry until it is acknowledged."""

    name: str

    def read(self, limit: int) -> Sequence[Record]:
        """The oldest entries that are not acknowledged, at most *limit*; empty when none waits.

        What is not acknowledged is given again, to the same collector and to the next one, though
        not always in batches of the same entries.
        Raises `EventSourceError` when the log does not answer.
        """

    def acknowledge(self, records: Sequence[Record]) -> None:
        """Says that *records*, of the last `read`, are safe; the log may then let go of them."""

    def positions(self, records: Sequence[Record]) -> dict[str, Any]:
        """How far *records* reach, for the manifest."""

    def lag(self) -> Lag:
        """What still waits."""

    def close(self) -> None:
        """Ends connections; what was not acknowledged stays."""
