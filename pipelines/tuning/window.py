"""The run and the window that trials are judged on: before the one that judges the night."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from scipy.sparse import csr_matrix

from pipelines.begin import changed_inputs
from pipelines.candidates.fit import load_past
from pipelines.candidates.generator import Past
from pipelines.features.settings import FeatureSettings
from pipelines.index import Index, load_index
from pipelines.inputs import run_cutoffs
from pipelines.interactions import IntArray
from pipelines.moments import MomentError, NightSettings
from pipelines.night import STAGES, begin_night, do_stage
from pipelines.ranking.labels import load_labels
from pipelines.ranking.training_set import labelled_users
from pipelines.runs import Run, list_runs, open_run
from pipelines.surfaces import SurfacesSettings
from pipelines.tuning.settings import TuningSettings
from settings import Settings
from settings.errors import NightshelfError
from settings.events import EventSettings

log = logging.getLogger("nightshelf")

# Settings that a run must share with those of now to be searched on.
_SHARED = (NightSettings, EventSettings, FeatureSettings)


class TuningError(NightshelfError):
    """There is nothing to tune, nothing to tune it on, or no place for what was found."""


@dataclass(frozen=True)
class TuningWindow:
    """What is known before a training cutoff, and what users of one surface did after it."""

    run: Run
    index: Index
    surface: str
    cutoff: datetime
    until: datetime
    past: Past
    truth: csr_matrix  # all users × items
    seen: csr_matrix | None  # what is left out of lists, all users × items; None: repeats allowed
    comparing: IntArray  # users on whom trials are compared
    confirming: IntArray  # other users, looked at once: is the best trial better on them too?


def find_run(settings: Settings, as_of: datetime | None, stage: str) -> tuple[Run, float]:
    """A run of *as_of* (default: `[night] as_of`, else of any moment) in which *stage* is done.

    The newest one of the same code, SQL and night, whatever its models were fitted with; else
    the night of *as_of* is begun, marked as one that tuning wants, and done up to *stage*; the
    seconds are what that took. Raises `MomentError` when there is neither a run nor a moment.
    """
    moment = as_of or settings.read(NightSettings).as_of
    for name in reversed(list_runs(settings)):
        run = open_run(settings, name)
        if moment in (None, run.as_of) and run.is_done(stage) and _will_do(run, settings):
            return run, 0.0
    if moment is None:
        raise MomentError(
            f"{settings.path}: [night] as_of is not set, and there is no run of this code and SQL "
            "to tune on; make one with `python -m pipelines night`, or say --as-of 2018-01-01"
        )
    return _build_run(settings, moment, stage)


def _build_run(settings: Settings, moment: datetime, stage: str) -> tuple[Run, float]:
    started = time.monotonic()
    runs = [open_run(settings, name) for name in list_runs(settings)]
    nights = [run.name for run in runs if not run.is_for_tuning]
    run = begin_night(settings, as_of=moment)
    run.mark_for_tuning(wanted=run.name not in nights)
    log.info("no run to tune on: %s is built up to %s; that counts", run.name, stage)
    for before in STAGES[: STAGES.index(stage) + 1]:
        do_stage(run, before)
    seconds = time.monotonic() - started
    log.info("%s: built up to %s in %.1f s", run.name, stage, seconds)
    return run, seconds


def _will_do(run: Run, settings: Settings) -> bool:
    stored = run.manifest["settings"]
    same = all(stored[s.section_name] == settings.read(s).model_dump(mode="json") for s in _SHARED)
    is_whole = not (run.manifest["is_partial"] or run.is_rebuild)
    return is_whole and same and set(changed_inputs(run)) <= {"settings"}


def open_tuning_window(run: Run, surface: str) -> TuningWindow:
    """The newest training cutoff of *run* and the label of *surface* in the window after it.

    Raises `TuningError` when too few users have events on both sides of the cutoff.
    """
    index = load_index(run)
    cutoffs = run_cutoffs(run)
    cutoff = cutoffs.training[0]
    settings = run.settings.read(SurfacesSettings)[surface]
    past = load_past(run, index, cutoff)
    truth = load_labels(run, index, settings.label, cutoff)
    history = past.interactions.matrix
    users = labelled_users(history, truth)
    if len(users) < 2:
        raise TuningError(
            f"surface {surface}: {len(users)} users have an event before {cutoff:%Y-%m-%d} and a "
            f"row in label/{settings.label}.sql after it; expected 2 or more: bring more events"
        )
    comparing, confirming = _halves(users, run.settings.read(TuningSettings).max_users, past.seed)
    return TuningWindow(
        run=run,
        index=index,
        surface=surface,
        cutoff=cutoff,
        until=cutoff + cutoffs.horizon,
        past=past,
        truth=truth,
        seen=None if settings.repeats else history,
        comparing=comparing,
        confirming=confirming,
    )


def surface_of(settings: Settings, surface: str | None) -> str:
    """*surface*, or the first one of the settings; raises `TuningError` for an unknown one."""
    names: Sequence[str] = settings.read(SurfacesSettings).names
    if not names:
        raise TuningError(f"{settings.path}: no [surfaces.<name>] to tune for; add one")
    if surface is not None and surface not in names:
        raise TuningError(f"surface = {surface!r}: expected one of {', '.join(names)}")
    return surface or names[0]


def _halves(users: IntArray, most: int, seed: int) -> tuple[IntArray, IntArray]:
    """Two samples of *users* without a common one, ascending, of *most* together."""
    drawn = np.random.default_rng(seed).permutation(users)[:most]
    middle = (len(drawn) + 1) // 2
    return np.sort(drawn[:middle]), np.sort(drawn[middle:])
