"""Tunes generators and ranker one after the other, and writes what beats the defaults."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipelines.evaluation.results import RIVALS
from pipelines.files import locked
from pipelines.surfaces import SurfacesSettings
from pipelines.tuning.page import write_page
from pipelines.tuning.ranker import older_cutoffs
from pipelines.tuning.search import Limits
from pipelines.tuning.settings import TuningSettings
from pipelines.tuning.spaces import RANKER, SPACES
from pipelines.tuning.study import Outcome, Subject, describe, run_study, subject_of
from pipelines.tuning.tuned_file import tuned_keys, write_tuned
from pipelines.tuning.window import TuningError, find_run, open_tuning_window, surface_of
from settings import Settings
from settings.project import var_directory

TRIALS_PER_FIELD = 25  # unless told otherwise; more of a fast generator find nothing new

log = logging.getLogger("nightshelf")


@dataclass(frozen=True)
class Search:
    """What is tuned, for which surface, and how long; empty: what the settings say."""

    what: tuple[str, ...] = ()  # generators and `ranker`; empty: what the surface uses
    surface: str | None = None  # empty: the first one of the settings
    budget: timedelta | None = None  # of all studies together
    n_trials: int | None = None  # of each study, those of earlier calls included
    as_of: datetime | None = None
    dry_run: bool = False  # leave the file of tuned values as it is


def tune(settings: Settings, order: Search) -> Iterator[Outcome]:
    """The outcome of one study after the other, each written down before the next one begins.

    What is left of the budget is shared by the studies that are left; a run that has to be built
    first is paid from it. One call at a time works on a namespace; others wait.
    Raises `TuningError` when something ordered does not exist.
    """
    surface = surface_of(settings, order.surface)
    subjects = choose_subjects(settings, surface, order.what)
    names = [subject.what for subject in subjects]
    budget = order.budget or settings.read(TuningSettings).budget
    with locked(var_directory(settings) / "locks" / "tuning"):
        run, spent = find_run(
            settings, order.as_of, "generators" if RANKER in names else "features"
        )
        window = open_tuning_window(run, surface)
        if not order.what and RANKER in names and not older_cutoffs(window):
            log.warning("the ranker is left out: its training cutoffs leave no window to judge it")
            subjects = subjects[:-1]
        deadline = time.monotonic() + budget.total_seconds() - spent
        for position, subject in enumerate(subjects):
            share = (deadline - time.monotonic()) / (len(subjects) - position)
            if share <= 0:
                left = ", ".join(subject.what for subject in subjects[position:])
                log.warning("no time left for %s; name them alone, or give them more", left)
                return
            n_trials = order.n_trials or TRIALS_PER_FIELD * len(subject.space)
            outcome = run_study(window, subject, Limits(n_trials, share))
            write_page(settings, describe(outcome))
            if not order.dry_run:
                _write_down(settings, outcome)
            yield outcome


def place_of(settings: Settings, outcome: Outcome, *, dry_run: bool) -> str:
    """Where the values of *outcome* stand now, or would; empty when it kept the defaults."""
    if not outcome.after:
        return ""
    table = f"[{'.'.join(outcome.subject.where)}] of {settings.tuned_path}"
    return f"a dry run: not written to {table}" if dry_run else f"written to {table}"


def _write_down(settings: Settings, outcome: Outcome) -> None:
    changed = write_tuned(settings.tuned_path, outcome, settings.path.name)
    if changed and not outcome.after:
        table = ".".join(outcome.subject.where)
        log.info("took [%s] out of %s: the defaults are as good", table, settings.tuned_path)


def choose_subjects(settings: Settings, surface: str, what: Sequence[str]) -> list[Subject]:
    """*what* without doubles, or all that *surface* uses; generators by name, then the ranker.

    The generators that every evaluation is read against are tuned only when they are named.
    Raises `TuningError` for a name that cannot be tuned, or whose keys are all written by hand.
    """
    unknown = sorted(set(what) - {*SPACES, RANKER})
    if unknown:
        raise TuningError(f"what = {unknown}: expected some of {', '.join([*SPACES, RANKER])}")
    used = settings.read(SurfacesSettings)[surface].generators
    chosen = set(what) or {*(name for name in used if name in SPACES), RANKER} - set(RIVALS)
    ordered = sorted(chosen, key=lambda name: (name == RANKER, name))
    subjects = [subject_of(settings, name) for name in ordered]
    if not what:
        return [subject for subject in subjects if subject.space]
    for subject in subjects:
        if not subject.space:
            raise TuningError(
                f"{subject.what}: {', '.join(subject.written)} are all written by hand in "
                f"[{'.'.join(subject.where)}]; take out of the settings what tuning may choose"
            )
    return subjects


def shadowed_keys(settings: Settings) -> list[str]:
    """Tuned keys that have no effect, since they are also written by hand."""
    return [".".join(where) for where in tuned_keys(settings.tuned) if settings.is_written(where)]
