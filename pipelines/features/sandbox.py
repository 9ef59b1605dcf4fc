"""The DuckDB in which files that people edit run: no network, no files, bounded memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb

from pipelines.features.settings import FeatureSettings


@contextmanager
def open_sandbox(
    settings: FeatureSettings, *, readable: list[Path], scratch: Path
) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory database that reads Parquet below *readable* and spills to *scratch*.

    One thread a query, so that sums of doubles and row order are the same every night.
    Call `lock_sandbox` after the tables are in, before foreign SQL runs.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(":memory:", config={"threads": "1"})
    try:
        connection.execute("set temp_directory = $path", {"path": str(scratch)})
        connection.execute("set memory_limit = $limit", {"limit": settings.memory_limit})
        connection.execute("set max_temp_directory_size = $limit", {"limit": settings.temp_limit})
        # Moments with a time zone are read in this one, not in that of the machine.
        connection.execute("set TimeZone = 'UTC'")
        folders = [str(path) for path in [*readable, scratch]]
        connection.execute("set allowed_directories = $folders", {"folders": folders})
        connection.execute("set enable_external_access = false")
        yield connection
    finally:
        connection.close()


def lock_sandbox(connection: duckdb.DuckDBPyConnection) -> None:
    """From here on no statement can change a setting, and so leave the sandbox."""
    connection.execute("set lock_configuration = true")


@contextmanager
def interrupting_after(
    connection: duckdb.DuckDBPyConnection, seconds: float
) -> Iterator[Mapping[str, bool]]:
    """Interrupts what *connection* is doing after *seconds*; `["expired"]` says if it did."""
    state = {"expired": False}

    def interrupt() -> None:
        state["expired"] = True
        connection.interrupt()

    timer = threading.Timer(seconds, interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield state
    finally:
        timer.cancel()
