"""From a source to the lake: deliver raw tables, map them, check rows, quarantine, write."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.collected import Collected, open_collected
from pipelines.features.settings import FeatureSettings
from pipelines.features.sql_file import SqlFile
from pipelines.files import hash_files, hash_json, locked, replacing
from pipelines.forgetting.dropping import drop_forgotten
from pipelines.forgetting.lake import applied, remove_raw
from pipelines.forgetting.tombstones import Forgotten
from pipelines.lake import (
    Lake,
    LakeError,
    commit_manifest,
    lake_directory,
    open_lake,
    write_day_files,
    write_table,
)
from pipelines.moments import NightSettings
from pipelines.sources.collected import distinct_impressions, expose_collected
from pipelines.sources.complete_journey import CompleteJourney
from pipelines.sources.files import Files
from pipelines.sources.mapping import EVENT_COLUMNS, ITEM_COLUMNS, USER_COLUMNS, fit_columns
from pipelines.sources.queries import read_query
from pipelines.sources.raw import DamagedFile, Delivery, Source, SourceError
from pipelines.sources.settings import SourceSettings
from pipelines.sources.staging import (
    CANONICAL_TABLES,
    expose_raw_tables,
    load_staging,
    naming,
    run_staging,
)
from pipelines.sources.vectors import check_vectors
from settings import Settings
from settings.events import EventSettings
from settings.project import var_directory

log = logging.getLogger("nightshelf")

_PIPELINES = Path(__file__).resolve().parent.parent
_BATCH_ROWS = 100_000


def ingest(settings: Settings) -> Lake:
    """The lake with everything that the source has now; unchanged input is not read again.

    One at a time in a namespace: another that comes meanwhile waits.
    Raises `SourceError` when more rows or files are bad than `[source]` allows:
    the lake then stays as it was, and `quarantine/` says what was wrong.
    """
    with locked(var_directory(settings) / "locks" / "ingest"):
        return _ingest(settings)


def open_source(settings: Settings) -> Source:
    """The source that `[source] kind` names."""
    source = settings.read(SourceSettings)
    if source.kind == "complete_journey":
        return CompleteJourney(source.households)
    return Files(source.tables, root=settings.path.parent)


def staging_folder(settings: Settings) -> Path:
    source = settings.read(SourceSettings)
    if source.staging is not None:
        return settings.resolve(source.staging)
    features = settings.read(FeatureSettings)
    return settings.resolve(features.directory) / "staging" / source.name


def _ingest(settings: Settings) -> Lake:
    source_settings = settings.read(SourceSettings)
    source = open_source(settings)
    collected = open_collected(settings)  # one state of it for all that follows
    forgotten = Forgotten.of(settings)
    fingerprint = _fingerprint(settings, source, collected)
    try:
        lake = open_lake(settings)
    except LakeError:
        pass
    else:
        is_unchanged = lake.manifest["fingerprint"] == fingerprint
        if is_unchanged and lake.manifest.get("forgotten", "") == applied(forgotten):
            log.info("ingest: %s is unchanged", source_settings.name)
            return lake
    directory = lake_directory(settings)
    raw = directory / "raw" / source_settings.name
    shutil.rmtree(raw, ignore_errors=True)
    delivery = source.deliver(raw)
    _quarantine_files(settings, delivery, forgotten, n_files=len(source.input_files()))
    manifest = _build_tables(settings, delivery, collected, forgotten, directory)
    if forgotten:
        remove_raw(directory)  # rows of the forgotten are in it, and nobody reads it any more
    about = {"fingerprint": fingerprint, "forgotten": applied(forgotten)}
    return commit_manifest(directory, {**about, **manifest})


def _fingerprint(settings: Settings, source: Source, collected: Collected) -> str:
    files = source.input_files()
    staging = staging_folder(settings)
    return hash_json(
        {
            "inputs": sorted(map(_hash_input, files)),
            "collected": collected.snapshot_hash,
            "staging": hash_files(staging.glob("*.sql"), root=staging),
            "settings": settings.fingerprint(SourceSettings, EventSettings),
            "code": hash_files(_code_files(), root=_PIPELINES),
        }
    )


def _hash_input(file: Path) -> str:
    try:
        return hash_files([file], root=file.parent)
    except OSError:
        # The delivery says so; one that can be read again is a change.
        return f"{file.name} cannot be read"


def _code_files() -> list[Path]:
    """What decides the bytes of the lake, besides the libraries."""
    sources = (_PIPELINES / "sources").rglob("*")
    own = [_PIPELINES / "lake.py", _PIPELINES / "collected.py"]
    return [*own, *(p for p in sources if p.suffix in (".py", ".sql"))]


def _build_tables(
    settings: Settings,
    delivery: Delivery,
    collected: Collected,
    forgotten: Forgotten,
    directory: Path,
) -> dict[str, Any]:
    source = settings.read(SourceSettings)
    threads = settings.read(NightSettings).threads
    files = load_staging(staging_folder(settings))
    # DuckDB spills here what does not fit in memory.
    scratch = directory / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    options = {
        "threads": str(threads),
        "temp_directory": str(scratch),
        "memory_limit": settings.read(FeatureSettings).memory_limit,
    }
    with duckdb.connect(config=options) as connection:
        expose_raw_tables(connection, delivery)
        n_collected = expose_collected(connection, collected, forgotten)
        mapped = {name: run_staging(connection, file, delivery) for name, file in files.items()}
        mapped, n_delivered = drop_forgotten(mapped, forgotten)
        with naming(files["events"]):
            _map_events(connection, mapped["events"], settings)
        counts = _check_events(connection, settings)
        if forgotten:
            counts["forgotten"] = n_collected + n_delivered
        _complete_dimensions(connection, mapped, files)
        events = connection.sql("select * from distinct_events order by event_at, event_id")
        manifest = {
            "source": source.name,
            "read_at": datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="seconds"),
            "events": write_day_files(_batches(events), directory, source.name),
            "impressions": write_day_files(
                _batches(distinct_impressions(connection)), directory, "web", kind="impressions"
            ),
            "items": write_table(_table(connection.table("complete_items")), directory, "items"),
            "users": write_table(_table(connection.table("complete_users")), directory, "users"),
            "tables": {
                name: write_table(_whole(relation, files[name]), directory, name)
                for name, relation in mapped.items()
                if name not in CANONICAL_TABLES
            },
            "damaged_files": [[_name_aside(file), file.reason] for file in delivery.damaged],
            "counts": counts,
        }
    log.info("ingest: %s", " ".join(f"{key}={value}" for key, value in counts.items()))
    return manifest


def _map_events(
    connection: duckdb.DuckDBPyConnection, mapped: duckdb.DuckDBPyRelation, settings: Settings
) -> None:
    """Leaves every delivered row in `checked_events`, bad ones with the reason."""
    source = settings.read(SourceSettings)
    fitted, zones = fit_columns(mapped, EVENT_COLUMNS, naive_zone=source.timezone)
    fitted.create_view("mapped_events")
    types = pa.table({"event_type": list(settings.read(EventSettings).weights)})
    connection.register("known_types", types)
    checked = connection.sql(
        read_query("check_events"),
        params={"event_zone": zones["event_at"], "received_zone": zones["received_at"]},
    )
    checked.create("checked_events")


def _check_events(connection: duckdb.DuckDBPyConnection, settings: Settings) -> dict[str, Any]:
    """Leaves the good rows in `distinct_events`; bad ones go to quarantine and are counted."""
    source = settings.read(SourceSettings)
    counts = _quarantine_rows(connection, settings)
    counts["collected"] = connection.execute("select count(*) from collected_events").fetchall()[0][
        0
    ]
    identified = connection.sql(read_query("identify_events"), params={"source": source.name})
    identified.create("identified_events")
    connection.execute("drop table checked_events")
    connection.sql(read_query("distinct_events")).create("distinct_events")
    connection.execute("drop table identified_events")
    kept = connection.execute("select count(*) from distinct_events").fetchall()[0][0]
    counts["duplicates"] = counts["delivered"] - counts["quarantined"] - kept
    counts["events"] = kept
    if not kept:
        raise SourceError(f"source {source.name}: not one of {counts['delivered']} rows is usable")
    return counts


def _complete_dimensions(
    connection: duckdb.DuckDBPyConnection,
    mapped: dict[str, duckdb.DuckDBPyRelation],
    files: dict[str, SqlFile],
) -> None:
    with naming(files["items"]):
        fit_columns(mapped["items"], ITEM_COLUMNS)[0].create_view("delivered_items")
        connection.sql(read_query("finite_vectors")).create_view("mapped_items")
        connection.sql(read_query("complete_items")).create("complete_items")
        if "vector" in mapped["items"].columns:
            check_vectors(connection, files["items"])
    with naming(files["users"]):
        fit_columns(mapped["users"], USER_COLUMNS, keep_others=True)[0].create_view("mapped_users")
        connection.sql(read_query("complete_users")).create("complete_users")


def _quarantine_rows(connection: duckdb.DuckDBPyConnection, settings: Settings) -> dict[str, Any]:
    source = settings.read(SourceSettings)
    reasons = connection.execute(
        "select reason, count(*) from checked_events where reason is not null "
        "group by reason order by reason"
    ).fetchall()
    delivered = connection.execute("select count(*) from checked_events").fetchall()[0][0]
    quarantined = sum(n for _, n in reasons)
    target = var_directory(settings) / "quarantine" / source.name / "events.parquet"
    rejected = connection.sql("select * from checked_events where reason is not null order by all")
    with replacing(target) as beside:
        pq.write_table(_table(rejected), beside, compression="zstd")
    if quarantined > source.max_bad_share * delivered:
        raise SourceError(
            f"source {source.name}: {quarantined} of {delivered} rows are bad "
            f"({', '.join(f'{n} × {reason}' for reason, n in reasons)}); [source] max_bad_share "
            f"allows {source.max_bad_share:.1%}; the rows are in {target}"
        )
    return {"delivered": delivered, "quarantined": quarantined, "reasons": dict(reasons)}


def _quarantine_files(
    settings: Settings, delivery: Delivery, forgotten: Forgotten, *, n_files: int
) -> None:
    source = settings.read(SourceSettings)
    folder = var_directory(settings) / "quarantine" / source.name / "files"
    for damaged in delivery.damaged:
        log.warning("ingest: %s is damaged and left out: %s", damaged.path, damaged.reason)
        name = _name_aside(damaged)
        # Of one that cannot be read there is the reason alone.
        if not forgotten:  # whose rows are in it nobody can tell
            with suppress(OSError), replacing(folder / name) as beside:
                shutil.copyfile(damaged.path, beside)
        with replacing(folder / f"{name}.reason.txt") as beside:
            beside.write_text(f"{damaged.path}: {damaged.reason}\n", encoding="utf-8")
    if len(delivery.damaged) > source.max_damaged_share * n_files:
        names = ", ".join(f"{file.path.name} ({file.reason})" for file in delivery.damaged[:5])
        raise SourceError(
            f"source {source.name}: {len(delivery.damaged)} of {n_files} files are damaged: "
            f"{names}; [source] max_damaged_share allows {source.max_damaged_share:.1%}; "
            f"copies are in {folder}"
        )


def _name_aside(damaged: DamagedFile) -> str:
    """Its name in quarantine: files of one name from two folders lie side by side there."""
    return f"{hash_json(str(damaged.path))[:8]}-{damaged.path.name}"


def _whole(relation: duckdb.DuckDBPyRelation, file: SqlFile) -> pa.Table:
    with naming(file):
        return _table(relation.order("all"))


def _table(relation: duckdb.DuckDBPyRelation) -> pa.Table:
    return relation.to_arrow_table()


def _batches(relation: duckdb.DuckDBPyRelation) -> Iterator[pa.RecordBatch]:
    yield from relation.to_arrow_reader(_BATCH_ROWS)
