"""The `files` source: CSV, Parquet or JSON Lines, by glob, with DuckDB's read options."""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipelines.files import hash_file, replacing
from pipelines.sources.raw import DamagedFile, Delivery, SourceError
from pipelines.sources.settings import FileTable


class Files:
    """Raw tables from files on disk, each file converted by itself.

    One file by itself, so that a damaged one can be named and left out.
    CSV columns stay text unless the options say otherwise: staging SQL casts with
    `try_cast`, so that one bad value costs a row and not the file.
    """

    def __init__(self, tables: dict[str, FileTable], root: Path) -> None:
        self._tables = tables
        self._root = root

    def input_files(self) -> list[Path]:
        return [file for table in self._tables for file in self._matches(table)]

    def deliver(self, into: Path) -> Delivery:
        tables: dict[str, list[Path]] = {}
        damaged = []
        for name, table in self._tables.items():
            tables[name] = []
            for file in self._matches(name):
                try:
                    target = into / name / f"{hash_file(file)[:32]}.parquet"
                except OSError as error:
                    damaged.append(DamagedFile(file, f"cannot be read: {error.strerror}"))
                    continue
                try:
                    with replacing(target) as beside:
                        _read(file, table).write_parquet(str(beside), compression="zstd")
                except duckdb.Error as error:
                    damaged.append(DamagedFile(file, f"{table.format}: {_shorten(error)}"))
                else:
                    if target not in tables[name]:  # a copy of a file brings nothing new
                        tables[name].append(target)
            if not tables[name]:
                raise SourceError(
                    f"[source.tables.{name}] glob {table.glob!r}: every file is damaged; "
                    f"the first: {damaged[-1].path.name}: {damaged[-1].reason}"
                )
        return Delivery(tables=tables, damaged=damaged)

    def _matches(self, name: str) -> list[Path]:
        pattern = self._tables[name].glob
        # Path.glob refuses absolute patterns, which a settings file may well have.
        anchor = Path(Path(pattern).anchor) if Path(pattern).is_absolute() else self._root
        matches = anchor.glob(str(Path(pattern).relative_to(Path(pattern).anchor)))
        found = sorted(path for path in matches if not path.is_dir())
        if not found:
            raise SourceError(
                f"[source.tables.{name}] glob {self._tables[name].glob!r}: no file under "
                f"{self._root} matches; expected at least one"
            )
        return found


def _read(file: Path, table: FileTable) -> duckdb.DuckDBPyRelation:
    connection = duckdb.connect(config={"threads": "1"})
    try:
        if table.format == "csv":
            return connection.read_csv(str(file), **{"all_varchar": True, **table.options})
        if table.format == "parquet":
            return connection.read_parquet(str(file), **table.options)
        return connection.read_json(str(file), **{"format": "newline_delimited", **table.options})
    except TypeError as error:
        raise SourceError(
            f"options {table.options} of {file.name}: not known to DuckDB's {table.format} "
            f"reader: {error}"
        ) from None


def _shorten(error: duckdb.Error, longest: int = 400) -> str:
    """DuckDB's message on one line: its first paragraph says which cell, the rest is advice."""
    text = " ".join(str(error).split("\n\n")[0].split())
    return text if len(text) <= longest else f"{text[:longest]}…"
