"""A run: id, directory, locks, the stages that are finished, and the manifest.

Run id: `<as_of>-<12 hex of the inputs hash>`, so the same inputs are the same run.
A finished stage is skipped on a re-run; a finished run is read-only.
"""

from __future__ import annotations

import logging
import resource
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines.files import hash_json, locked, read_json, write_json
from pipelines.moments import compact
from settings import Settings
from settings.errors import NightshelfError
from settings.project import var_directory

REBUILD_SUFFIX = ".rebuild"
REPLACED_SUFFIX = ".old"
REMOVED_SUFFIX = ".removed"  # about to be deleted
_FOR_TUNING = "begun-by-tune"  # a file: no night has asked for the run
FINISHED = "finish"  # the last stage; after it a run is read-only

log = logging.getLogger("nightshelf")


class RunError(NightshelfError):
    """A run cannot be opened, or a stage of it cannot be done."""


@dataclass(frozen=True)
class Run:
    """One night's directory and its moment."""

    id: str
    directory: Path
    as_of: datetime
    settings: Settings

    @property
    def name(self) -> str:
        """The directory's name: the id, and a suffix while it is being rebuilt."""
        return self.directory.name

    @property
    def is_rebuild(self) -> bool:
        """Whether this is a forced run, beside the one that it must reproduce."""
        return self.name.endswith(REBUILD_SUFFIX)

    @property
    def is_for_tuning(self) -> bool:
        """Whether tuning began it, and no night has taken it up since."""
        return self.path(_FOR_TUNING).exists()

    def mark_for_tuning(self, *, wanted: bool) -> None:
        """Says that only tuning wants the run, or that a night does."""
        if wanted:
            self.path(_FOR_TUNING).touch()
        else:
            self.path(_FOR_TUNING).unlink(missing_ok=True)

    @property
    def manifest(self) -> dict[str, Any]:
        """Provenance of everything in the directory, as written when the run was opened."""
        return _read_manifest(self.directory / "manifest.json")

    def path(self, *parts: str) -> Path:
        return self.directory.joinpath(*parts)

    def is_done(self, stage: str) -> bool:
        return self._record(stage).exists()

    def stage_record(self, stage: str) -> dict[str, Any]:
        """Counts, seconds and peak memory of a finished *stage*."""
        record: dict[str, Any] = read_json(self._record(stage))
        return record

    def finish(self, stage: str, counts: Mapping[str, Any], seconds: float) -> None:
        record = {
            "stage": stage,
            "counts": dict(counts),
            "seconds": round(seconds, 3),
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }
        write_json(self._record(stage), record)

    def stage_records(self) -> list[dict[str, Any]]:
        """Records of the finished stages, in the order in which they finished."""
        paths = sorted(self.path("stages").glob("*.json"), key=lambda p: p.stat().st_mtime_ns)
        return [read_json(path) for path in paths]

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Waits for, then holds `locks/<name>`; the kernel lets go of it if we are killed."""
        with locked(self.path("locks", name)):
            yield

    def _record(self, stage: str) -> Path:
        return self.path("stages", f"{stage}.json")


def do_once(run: Run, stage: str, work: Callable[[Run], Mapping[str, Any]]) -> None:
    """Does *work* of *stage* unless the run has it already; one log line either way.

    Raises `RunError` when the run is finished without *stage*.
    """
    if run.is_done(FINISHED) and not run.is_done(stage):
        raise RunError(
            f"{run.name} is finished and read-only; it has no stage {stage!r}: use force"
        )
    with run.lock(stage):
        if run.is_done(stage):
            log.info("%s: %s is done already", run.id, stage)
            return
        started = time.monotonic()
        counts = work(run)
        seconds = time.monotonic() - started
        run.finish(stage, counts, seconds)
    text = " ".join(f"{key}={value}" for key, value in counts.items())
    log.info("%s: %s in %.1f s %s", run.id, stage, seconds, text)


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = read_json(path)
    except ValueError as error:
        raise RunError(
            f"{path} is damaged ({error}); move the run's folder away, and a night of its moment "
            "and inputs makes it again"
        ) from None
    return manifest


def run_id(as_of: datetime, inputs: Mapping[str, Any]) -> str:
    """`<as_of>-<12 hex>`; *inputs* are the hashes of all that decides the lists."""
    return f"{compact(as_of)}-{hash_json(inputs)[:12]}"


def runs_directory(settings: Settings) -> Path:
    return var_directory(settings) / "runs"


def create_run(
    settings: Settings, as_of: datetime, manifest: Mapping[str, Any], *, rebuild: bool = False
) -> Run:
    """The run for these inputs, with its manifest written; an existing one is opened.

    With *rebuild* a new directory beside it, which `replace_run` swaps in at the end.
    """
    identity = run_id(as_of, manifest["inputs"])
    name = identity + (REBUILD_SUFFIX if rebuild else "")
    run = Run(identity, runs_directory(settings) / name, as_of, settings)
    if rebuild:
        shutil.rmtree(run.directory, ignore_errors=True)
    if not run.path("manifest.json").exists():
        write_json(run.path("manifest.json"), {"run_id": identity, **manifest})
    return run


def open_run(settings: Settings, name: str) -> Run:
    """The existing run called *name*; raises `RunError` naming those there are."""
    directory = runs_directory(settings) / name
    known = list_runs(settings)
    if name not in known and name.removesuffix(REBUILD_SUFFIX) in known:
        # It has taken its place since; a repeated task may still ask for it by its old name.
        name = name.removesuffix(REBUILD_SUFFIX)
        directory = directory.with_name(name)
    if name not in known:
        raise RunError(
            f"no run {name!r} under {directory.parent}; "
            f"there are: {', '.join(known) or 'none yet (start one with `night`)'}"
        )
    manifest = _read_manifest(directory / "manifest.json")
    # A dry run may have been opened with fewer surfaces than the settings have.
    settings = settings.only("surfaces", manifest["settings"]["surfaces"])
    identity = manifest["run_id"]
    return Run(identity, directory, datetime.fromisoformat(manifest["as_of"]), settings)


def replace_run(run: Run) -> Run:
    """Puts a rebuilt *run* in the place of the one that it reproduced."""
    final = run.directory.with_name(run.id)
    old = run.directory.with_name(run.id + REPLACED_SUFFIX)
    shutil.rmtree(old, ignore_errors=True)
    if final.exists():
        final.rename(old)
    run.directory.rename(final)
    shutil.rmtree(old, ignore_errors=True)
    return Run(run.id, final, run.as_of, run.settings)


def list_runs(settings: Settings) -> list[str]:
    """Names of the runs on disk, oldest moment first; of one moment, the one opened last is last.

    The digits of the hash say nothing about time.
    """
    found = runs_directory(settings).glob("*/manifest.json")
    made = {path.parent.name: _read_manifest(path) for path in found}
    names = [name for name in made if not name.endswith((REPLACED_SUFFIX, REMOVED_SUFFIX))]
    return sorted(names, key=lambda name: (made[name]["as_of"], made[name]["snapshot_at"], name))
