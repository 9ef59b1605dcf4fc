"""A run beside the runs, for a few minutes: tables of SQL that is only being tried."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pipelines.authoring.workbench import Workbench
from pipelines.features.build import build_cutoff
from pipelines.features.folder import lineage_of
from pipelines.features.snapshots import snapshot_keys
from pipelines.files import write_json
from pipelines.moments import compact
from pipelines.runs import Run


@dataclass(frozen=True)
class Built:
    """Where the rows of one table are, and the seconds that they took; 0 where they were there."""

    path: Path
    seconds: float


def build_scratch(
    bench: Workbench,
    names: Collection[str],
    cutoff: datetime,
    directory: Path,
    *,
    anew: Collection[str] = (),
) -> dict[str, Built]:
    """The tables *names* and all that they are made of, as of *cutoff*, below *directory*.

    What nights have built is used, but for the tables *anew*; nothing is written beside it.

    Raises `SqlFileError` when a file fails.
    """
    context = bench.context(cutoff)
    link_kept(context.directory, directory / "snapshots", cutoff, anew)
    context = replace(context, directory=directory / "snapshots")
    files = lineage_of(bench.files, names)
    keys = snapshot_keys(files, context)
    write_json(directory / "manifest.json", {"snapshot_at": bench.read_at.isoformat()})
    run = Run("scratch", directory, bench.as_of, bench.settings)
    seconds = build_cutoff(run, files, context, keys)
    paths = {name: context.path(file, keys[name]) for name, file in files.items()}
    return {name: Built(path, seconds.get(name, 0.0)) for name, path in paths.items()}


def link_kept(kept: Path, target: Path, cutoff: datetime, anew: Collection[str] = ()) -> None:
    """Makes the snapshots of *kept* at *cutoff* those of *target*; their keys say what they are."""
    target.mkdir(parents=True, exist_ok=True)
    source = kept / compact(cutoff)
    for path in source.rglob("*.parquet"):
        link = target / compact(cutoff) / path.relative_to(source)
        if path.stem.rpartition("-")[0] not in anew and not link.exists():
            link.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, link)
