"""What a run built itself of its feature tables, and what it found built: for people to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.files import read_json
from pipelines.runs import Run

REBUILT = "rebuilt.json"  # which tables were not there when the run came for them, and how many
_NAMED = 5  # tables; more are counted


def rebuilt_line(run: Run) -> str:
    """One line on the tables that *run* built and reused; empty before it has any."""
    path = run.path(REBUILT)
    return describe_rebuilt(read_json(path)) if path.exists() else ""


def describe_rebuilt(record: Mapping[str, Any]) -> str:
    """The record of `rebuilt.json`, which is `features` of the manifest, in words.

    `rebuilt`: by cutoff the names of the tables built; `reused`: how many were there already.
    """
    by_cutoff: Mapping[str, list[str]] = record["rebuilt"]
    n_built = sum(map(len, by_cutoff.values()))
    if not n_built:
        return f"no feature table rebuilt, {record['reused']} reused"
    names = sorted({name for at in by_cutoff.values() for name in at})
    named = ", ".join(names) if len(names) <= _NAMED else f"{len(names)} files"
    cutoffs = "cutoff" if len(by_cutoff) == 1 else "cutoffs"
    built = f"{n_built} feature table{'s' if n_built > 1 else ''} rebuilt"
    return f"{built} at {len(by_cutoff)} {cutoffs} ({named}), {record['reused']} reused"
