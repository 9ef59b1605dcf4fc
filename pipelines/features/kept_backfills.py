"""`backfills.json`: snapshots that no run lists and that stay until somebody lets go of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from pipelines.files import locked, read_json, write_json

FILE = "backfills.json"  # paths relative to the folder of the snapshots


def read_backfills(directory: Path) -> list[str]:
    """Paths, relative to *directory*, of the backfilled snapshots that are to stay."""
    path = directory / FILE
    return list(read_json(path)) if path.exists() else []


def keep_backfills(directory: Path, paths: Iterable[Path]) -> None:
    """Adds *paths*; each takes the place of what was kept of its table and cutoff before."""
    with locked(directory / f".{FILE}.lock"):
        kept = {_place(name): name for name in read_backfills(directory)}
        names = [path.relative_to(directory).as_posix() for path in paths]
        kept |= {_place(name): name for name in names}
        write_json(directory / FILE, sorted(kept.values()))


def forget_backfills(directory: Path, tables: Collection[str]) -> list[str]:
    """Lets go of all that was backfilled of *tables*; the next night removes what is unused."""
    with locked(directory / f".{FILE}.lock"):
        kept = read_backfills(directory)
        gone = [name for name in kept if Path(_place(name)).name in tables]
        write_json(directory / FILE, [name for name in kept if name not in gone])
    return gone


def _place(name: str) -> str:
    """Cutoff, folder and table of the snapshot *name*, without its key."""
    return name.rpartition("-")[0]
