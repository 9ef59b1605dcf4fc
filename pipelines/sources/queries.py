"""The SQL files beside the code that ingests."""

from __future__ import annotations

from pathlib import Path

_SQL = Path(__file__).with_name("sql")


def read_query(name: str) -> str:
    """The text of `sql/<name>.sql`."""
    return (_SQL / f"{name}.sql").read_text(encoding="utf-8")
