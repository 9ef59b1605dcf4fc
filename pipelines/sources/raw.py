"""Raw tables: rows as delivered, typed but unmapped, in `lake/raw/<source>/<table>/`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from settings.errors import NightshelfError


class SourceError(NightshelfError):
    """A source, or the share of its rows that are bad, does not allow a night."""


@dataclass(frozen=True)
class DamagedFile:
    """A file that could not be read at all."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Delivery:
    """What a source brought: Parquet files of each raw table, and what was unreadable."""

    tables: dict[str, list[Path]]
    damaged: list[DamagedFile]


class Source(Protocol):
    """Brings raw tables in; knows nothing of events, items and users."""

    def input_files(self) -> Sequence[Path]:
        """Every file that decides what is delivered."""

    def deliver(self, into: Path) -> Delivery:
        """Writes `<into>/<table>/*.parquet`, whole files only."""
