"""SQL files of a line or two, for tests that break one rule at a time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

HEADER = """/*---
description: What a test needs.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_events: Events.}
checks: []
---*/
"""
BODY = "select user_id, count(*) as n_events from events where event_at < $as_of group by user_id\n"


def write_sql(folder: Path, name: str, text: str = HEADER + BODY) -> Path:
    """*text* as the file *name* (`user/visits`) of a folder of feature SQL."""
    path = folder / f"{name}.sql"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def write_folder(folder: Path, files: Mapping[str, str]) -> Path:
    """A folder of feature SQL with *files* (name → query, the header is put before it)."""
    for name, query in files.items():
        write_sql(folder, name, HEADER + query)
    return folder
