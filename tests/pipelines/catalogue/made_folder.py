"""A folder of feature SQL in which everything that people write is hostile, and one that is big."""

from __future__ import annotations

from pathlib import Path

from settings import Settings, load_settings

HOSTILE = "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked=1'>"
FILE = """/*---
description: {what}
owner: {owner}
grain: [user_id]
event_time: {event_time}
max_age: null
columns:
  user_id: {what}
  {column}: {what}
checks: []
---*/
-- {what}
select user_id, {value} as {column}
from {source}
where '{quoted}' <> 'nothing' {bounds}
group by user_id
"""
BOUNDS = "and event_at < $as_of"


def hostile_settings(folder: Path) -> Settings:
    """Two tables, one reading the other, whose texts are all `HOSTILE`."""
    yaml = '"' + HOSTILE.replace('"', '\\"') + '"'
    quoted = HOSTILE.replace("'", "''")
    shared = {"what": yaml, "owner": yaml, "quoted": quoted}
    write(folder, "base", **shared, source="events", event_time="event_at", bounds=BOUNDS)
    write(folder, "child", **shared, source="base", value="max(n_base)")
    return settings_of(folder)


def big_settings(folder: Path, n_tables: int) -> Settings:
    """*n_tables* tables in rows of ten, each reading the one before in its row."""
    for number in range(n_tables):
        source = f"t{number - 1:03d}" if number % 10 else "events"
        is_first = source == "events"
        write(
            folder,
            f"t{number:03d}",
            source=source,
            value="count(*)" if is_first else f"max(n_{source})",
            event_time="event_at" if is_first else "null",
            bounds=BOUNDS if is_first else "",
        )
    return settings_of(folder)


def write(
    folder: Path,
    name: str,
    *,
    source: str,
    what: str = "What a test needs.",
    owner: str = "tests",
    value: str = "count(*)",
    event_time: str = "null",
    bounds: str = "",
    quoted: str = "x",
) -> None:
    path = folder / "feature_sql" / "user" / f"{name}.sql"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = FILE.format(
        what=what,
        owner=owner,
        event_time=event_time,
        column=f"n_{name}",
        value=value,
        source=source,
        bounds=bounds,
        quoted=quoted,
    )
    path.write_text(text, encoding="utf-8")


def settings_of(folder: Path) -> Settings:
    file = folder / "nightshelf.toml"
    file.write_text("[surfaces.home]\n", encoding="utf-8")
    return load_settings(file, environ={})
