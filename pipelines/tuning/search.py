"""The search itself: trials one after the other, each decided by those before it and the seed.

The sampler is seeded anew for every trial, so a study that was killed and goes on makes the
trials that it would have made. Optuna is imported only when a study begins: it takes seconds.
"""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.evaluation.metrics import DoubleArray
from pipelines.tuning.spaces import Number, Range, Space
from settings.errors import NightshelfError

STARTUP_TRIALS = 8  # at random, before the sampler trusts what it saw
_DIGITS = 4  # of a value: it is written as it was judged, and people read it

log = logging.getLogger("nightshelf")

Values = Mapping[str, Number]


@dataclass(frozen=True)
class Figures:
    """What came of some values, one number a user."""

    ndcg: DoubleArray  # of the first 20
    recall: DoubleArray  # of all that was proposed


@dataclass(frozen=True)
class Trial:
    """One choice of values and the means of its figures; NaN where it could not be fitted."""

    number: int
    values: Values
    ndcg: float
    recall: float
    seconds: float


Judge = Callable[[Values], Figures]


@dataclass(frozen=True)
class Limits:
    """When a study ends; at least one is given."""

    n_trials: int | None = None  # of the study, those of earlier calls included
    seconds: float | None = None  # of this call; a trial that began in time is finished
    fits_after: int = 0  # that the same time must do for, once the search is over

    def __post_init__(self) -> None:
        if self.n_trials is None and self.seconds is None:
            raise ValueError("a study needs an end: give n_trials, or seconds")


def open_study(name: str, path: Path | None = None) -> Any:
    """The Optuna study *name*: kept in the journal *path* and taken up again, else in memory.

    A trial that was killed is marked as failed; it is made again.
    """
    import optuna
    from optuna.storages import InMemoryStorage, JournalStorage
    from optuna.storages.journal import JournalFileBackend
    from optuna.trial import TrialState

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = InMemoryStorage()
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        _cut_torn_line(path)
        storage = JournalStorage(JournalFileBackend(str(path)))
    study = optuna.create_study(
        storage=storage, study_name=name, direction="maximize", load_if_exists=True
    )
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
    return study


def search(
    study: Any,
    space: Space,
    first: Sequence[Values],
    judge: Judge,
    limits: Limits,
    *,
    seed: int,
) -> list[Trial]:
    """All trials of *study*, those of earlier calls first; the first ones have the values *first*.

    A trial whose values cannot be fitted counts as the worst. The first trial is always made;
    another one begins only if, with as long as the longest so far, all would end in time.
    Raises `ValueError` when one of *first* lies outside of *space*.
    """
    _check_inside(space, first)
    started = time.monotonic()
    trials = finished_trials(study)
    while not _is_over(trials, limits, time.monotonic() - started):
        number = len(trials)
        values = first[number] if number < len(first) else None
        _do_trial(study, space, number, values, judge, seed)
        trials = finished_trials(study)
        log.info("%s: trial %d, NDCG@20 %.4f", study.study_name, number, trials[-1].ndcg)
    return trials


def finished_trials(study: Any) -> list[Trial]:
    """The trials of *study* that came to an end, in their order."""
    from optuna.trial import TrialState

    ended = study.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED))
    return [
        Trial(
            number=number,
            values=trial.user_attrs["values"],
            ndcg=math.nan if trial.value is None else trial.value,
            recall=trial.user_attrs.get("recall", math.nan),
            seconds=trial.user_attrs["seconds"],
        )
        for number, trial in enumerate(ended)
    ]


def best_trial(trials: Sequence[Trial]) -> Trial:
    """The trial with the highest NDCG, of equal ones the earliest: the defaults, if they do."""
    return max(trials, key=lambda trial: -math.inf if math.isnan(trial.ndcg) else trial.ndcg)


def is_inside(space: Space, values: Values) -> bool:
    """Whether *values* are those of *space* and within its bounds."""
    return values.keys() == space.keys() and all(
        span.low <= values[name] <= span.high for name, span in space.items()
    )


def _check_inside(space: Space, first: Sequence[Values]) -> None:
    for values in first:
        if not is_inside(space, values):
            raise ValueError(f"{dict(values)} to begin with; expected values within {dict(space)}")


def _cut_torn_line(path: Path) -> None:
    """Takes off what a killed writer left of its last line: nothing could be read behind it."""
    if path.exists():
        content = path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(path, whole)


def _is_over(trials: Sequence[Trial], limits: Limits, spent: float) -> bool:
    if not trials:
        return False
    if limits.n_trials is not None and len(trials) >= limits.n_trials:
        return True
    longest = max(trial.seconds for trial in trials)
    needed = (1 + limits.fits_after) * longest
    return limits.seconds is not None and spent + needed > limits.seconds


def _do_trial(
    study: Any, space: Space, number: int, values: Values | None, judge: Judge, seed: int
) -> None:
    from optuna.samplers import TPESampler
    from optuna.trial import TrialState

    sampler_seed = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
    study.sampler = TPESampler(
        seed=sampler_seed, n_startup_trials=STARTUP_TRIALS, multivariate=True
    )
    if values is not None:
        study.enqueue_trial(dict(values))
    trial = study.ask()
    chosen = {name: _suggest(trial, name, span) for name, span in space.items()}
    trial.set_user_attr("values", chosen)
    started = time.monotonic()
    try:
        figures = judge(chosen)
    except (NightshelfError, np.linalg.LinAlgError) as error:
        log.info("%s: trial %d with %s: %s", study.study_name, number, chosen, error)
        trial.set_user_attr("seconds", time.monotonic() - started)
        study.tell(trial, state=TrialState.PRUNED)
        return
    trial.set_user_attr("seconds", time.monotonic() - started)
    trial.set_user_attr("recall", float(figures.recall.mean()))
    study.tell(trial, float(figures.ndcg.mean()))


def _suggest(trial: Any, name: str, span: Range) -> Number:
    if span.is_whole:
        return int(trial.suggest_int(name, span.low, span.high, log=span.log))
    return float(f"{trial.suggest_float(name, span.low, span.high, log=span.log):.{_DIGITS}g}")
