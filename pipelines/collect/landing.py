"""One batch from the log to the landing zone.

Its files are written and on the disk before the manifest names them, and the manifest before the
log is told. What is read again after a crash in between is known by its event ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.collect.gate import BatchRefusedError, judge_batch
from pipelines.collect.known import KnownIds, remembered_from
from pipelines.collect.lease import Lease
from pipelines.collect.rows import (
    BadRecord,
    bad_rows,
    event_rows,
    impression_rows,
    sort_records,
)
from pipelines.collect.settings import CollectSettings
from pipelines.collect.source import EventSource, Record
from pipelines.collected import (
    KINDS,
    Collected,
    collected_directory,
    commit_collected,
    open_collected,
    write_collected,
)
from pipelines.files import replacing
from pipelines.forgetting.records import (
    LandingChangedError,
    check_unchanged,
    drop_records,
    forget_again,
    is_unchanged,
)
from pipelines.forgetting.tombstones import Forgotten
from pipelines.lake import file_entry, write_by_content
from settings import Settings
from settings.events import EventSettings
from settings.project import var_directory
from store.events import Event

_MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class Stored:
    """What became of the records of a batch, or of several."""

    records: int = 0
    events: int = 0  # stored: what users did
    impressions: int = 0  # stored: lists that users saw
    duplicates: int = 0  # records whose event was there already
    quarantined: int = 0
    forgotten: int = 0  # records of forgotten users, which are left out

    def __add__(self, other: Stored) -> Stored:
        return Stored(*(a + b for a, b in zip(self.values(), other.values(), strict=True)))

    def values(self) -> tuple[int, ...]:
        return astuple(self)


@dataclass
class Landing:
    """Where batches come down; one collector's, for as long as it has the lease."""

    settings: Settings
    lease: Lease
    known: KnownIds = field(default_factory=KnownIds)
    accept_bad: bool = False

    def store(self, source: EventSource, records: Sequence[Record], now: datetime) -> Stored:
        """Makes *records* of *source* part of the landing zone, durably; *now* is naive UTC.

        Those of forgotten users are left out. Raises `BatchRefusedError` when the gate does not
        let them pass; then nothing changes, and `quarantine/collected/refused.parquet` has the
        bad ones.
        """
        while True:
            collected = open_collected(self.settings)
            try:
                return self._store(collected, source, records, now)
            except LandingChangedError:  # somebody is forgotten since
                continue
            except (duckdb.IOException, FileNotFoundError):  # a file of it is gone
                if is_unchanged(self.settings, collected):
                    raise

    def _store(
        self,
        collected: Collected,
        source: EventSource,
        records: Sequence[Record],
        now: datetime,
    ) -> Stored:
        forgotten = Forgotten.of(self.settings)
        kept = drop_records(records, forgotten)
        events, bad = sort_records(kept, self.settings.read(EventSettings).weights)
        new = self._new(events, collected)
        tables = event_rows(new), impression_rows(new)
        self._judge(source, tables, kept, bad)
        self.lease.beat()
        unseen = self._unseen(source, bad, collected)
        stored = Stored(
            records=len(records),
            events=tables[0].num_rows,
            impressions=len(new) - tables[0].num_rows,
            duplicates=len(kept) - len(new) - len(bad),
            quarantined=len(unseen),
            forgotten=len(records) - len(kept),
        )
        self._commit(collected, source, records, tables, unseen, stored, now)
        if stored.forgotten:
            forget_again(self.settings, records, forgotten)
        return stored

    def _new(self, events: list[Event], collected: Collected) -> list[Event]:
        if not events:
            return []
        remember = self.settings.read(CollectSettings).remember
        first = _moment(min(event.received_at for event in events))
        known = self.known.among(
            [event.event_id for event in events],
            collected,
            received_from=remembered_from(first, remember),
            days={_moment(event.event_at).date().isoformat() for event in events},
        )
        return [event for event in events if event.event_id not in known]

    def _judge(
        self,
        source: EventSource,
        tables: tuple[pa.Table, pa.Table],
        records: Sequence[Record],
        bad: list[BadRecord],
    ) -> None:
        refused = quarantine_directory(self.settings) / "refused.parquet"
        try:
            judge_batch(self.settings, tables, len(records), [] if self.accept_bad else bad)
        except BatchRefusedError:
            with replacing(refused) as beside:
                pq.write_table(bad_rows(bad, source.name), beside, compression="zstd")
            raise
        refused.unlink(missing_ok=True)

    def _unseen(
        self, source: EventSource, bad: list[BadRecord], collected: Collected
    ) -> list[BadRecord]:
        """The *bad* records that quarantine does not have yet."""
        if not bad:
            return []
        seen = set()
        for entry in collected.manifest.get("quarantine", []):
            path = quarantine_directory(self.settings) / entry["path"]
            if path.exists():  # somebody may have cleared it
                table = pq.read_table(path, columns=["source", "entry"], partitioning=None)
                seen |= set(zip(*(column.to_pylist() for column in table.columns), strict=True))
        return [item for item in bad if (source.name, item.record.entry) not in seen]

    def _commit(
        self,
        collected: Collected,
        source: EventSource,
        records: Sequence[Record],
        tables: tuple[pa.Table, pa.Table],
        bad: list[BadRecord],
        stored: Stored,
        now: datetime,
    ) -> None:
        directory = collected_directory(self.settings)
        written = {"written_at": now.isoformat(timespec="seconds")}
        events, impressions = (
            [entry | written for entry in write_collected(directory, kind, table)]
            for kind, table in zip(KINDS, tables, strict=True)
        )
        aside = self._put_aside(bad, source.name)
        old = collected.manifest
        positions = old.get("positions", {}).get(source.name, {})
        manifest: dict[str, Any] = {
            **old,
            "events": [*old.get("events", []), *events],
            "impressions": [*old.get("impressions", []), *impressions],
            "quarantine": [*old.get("quarantine", []), *aside],
            "positions": {
                **old.get("positions", {}),
                source.name: {**positions, **source.positions(records)},
            },
            "counts": _add(old.get("counts", {}), stored),
            "collected_at": now.isoformat(timespec="seconds"),
        }
        with self.lease.committing():
            check_unchanged(self.settings, collected)
            commit_collected(directory, manifest)

    def _put_aside(self, bad: list[BadRecord], source: str) -> list[dict[str, Any]]:
        if not bad:
            return []
        directory = quarantine_directory(self.settings)
        path = write_by_content(bad_rows(bad, source), directory, "bad")
        return [file_entry(path, directory, len(bad))]


def quarantine_directory(settings: Settings) -> Path:
    return var_directory(settings) / "quarantine" / "collected"


def _add(counts: dict[str, int], stored: Stored) -> dict[str, int]:
    return {name: counts.get(name, 0) + value for name, value in asdict(stored).items()}


def _moment(microseconds: int) -> datetime:
    seconds, rest = divmod(microseconds, _MICROSECONDS)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest, tzinfo=None)
