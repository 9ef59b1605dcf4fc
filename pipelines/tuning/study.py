"""One study: a generator or the ranker on one surface, searched, confirmed and written down."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pipelines.candidates.known import GENERATORS
from pipelines.candidates.settings import CandidateSettings
from pipelines.evaluation.settings import EvaluationSettings
from pipelines.files import hash_json, write_json
from pipelines.interactions import IntArray
from pipelines.ranking.settings import RankingSettings
from pipelines.surfaces import SurfacesSettings
from pipelines.tuning.directory import study_path
from pipelines.tuning.generators import judge_candidates, values_of, with_values
from pipelines.tuning.ranker import JudgeOf, ranker_judge
from pipelines.tuning.search import (
    Figures,
    Limits,
    Trial,
    Values,
    best_trial,
    is_inside,
    open_study,
    search,
)
from pipelines.tuning.spaces import RANKER, Number, Space, space_of
from pipelines.tuning.verdict import Verdict, compare_figures
from pipelines.tuning.window import TuningWindow
from settings import Section, Settings
from settings.events import EventSettings

CONFIRMING_FITS = 2  # the defaults and the best trial once more
UNLISTED_CANDIDATES = 100  # judged of a generator that the surface does not use


@dataclass(frozen=True)
class Subject:
    """What is tuned: where its settings stand, the values to begin with, and what is varied."""

    what: str
    where: tuple[str, ...]  # its table in the settings
    start: Section  # as it is without tuning
    tuned: Section  # as it is now
    space: Space  # without the keys that are written by hand
    written: tuple[str, ...]  # those keys

    @property
    def first(self) -> list[Values]:
        """The defaults, then what an earlier study chose, where that is something else."""
        before, now = values_of(self.start, self.space), values_of(self.tuned, self.space)
        return [before] if now == before or not is_inside(self.space, now) else [before, now]


@dataclass(frozen=True)
class Outcome:
    """What a study came to; `after` holds the values that beat the defaults, or nothing."""

    study: str
    subject: Subject
    surface: str
    window: tuple[datetime, datetime]
    trials: list[Trial]
    best: Trial
    verdict: Verdict | None  # None: no trial was better than the defaults
    made_at: datetime

    @property
    def after(self) -> dict[str, Number]:
        """The values that differ from the defaults, if the best trial beats them beyond noise."""
        if self.verdict is None or not self.verdict.is_better:
            return {}
        before = self.trials[0].values
        return {name: v for name, v in self.best.values.items() if v != before[name]}


def subject_of(settings: Settings, what: str) -> Subject:
    """The generator or ranker *what*, as *settings* have it."""
    where = ("ranking",) if what == RANKER else ("candidates", what)
    space = space_of(what)
    written = tuple(key for key in space if settings.is_written((*where, key)))
    left = {key: span for key, span in space.items() if key not in written}
    plain = settings.without_tuned()
    return Subject(what, where, _section(plain, what), _section(settings, what), left, written)


def run_study(window: TuningWindow, subject: Subject, limits: Limits) -> Outcome:
    """Goes on with the study of *subject* on *window* until its *limits*, then confirms the best.

    Raises what the defaults themselves raise when they cannot be fitted.
    """
    started = time.monotonic()
    name = study_name(window, subject)
    judge_of = _judge_of(window, subject)
    if limits.seconds is not None:  # the ranker's rows took some of it
        limits = replace(limits, seconds=limits.seconds - (time.monotonic() - started))
    limits = replace(limits, fits_after=CONFIRMING_FITS)
    study = open_study(name, study_path(window.run.settings, name, ".log"))
    trials = search(
        study,
        subject.space,
        subject.first,
        lambda values: judge_of(values, window.comparing),
        limits,
        seed=window.past.seed,
    )
    best = best_trial(trials)
    outcome = Outcome(
        study=name,
        subject=subject,
        surface=window.surface,
        window=(window.cutoff, window.until),
        trials=trials,
        best=best,
        verdict=_confirm(window, judge_of, trials[0], best),
        made_at=datetime.now(UTC).replace(tzinfo=None, microsecond=0),
    )
    write_json(study_path(window.run.settings, name, ".json"), describe(outcome))
    return outcome


def study_name(window: TuningWindow, subject: Subject) -> str:
    """The same for the same events, code, SQL, seed and range of values: trials then compare."""
    run = window.run
    inputs = run.manifest["inputs"]
    decisive = {
        "inputs": {key: inputs[key] for key in ("data", "sql", "code", "requirements")},
        "run": run.id if subject.what == RANKER else "",  # its generators stand in the run
        "events": run.settings.fingerprint(EventSettings),
        "surface": run.settings.read(SurfacesSettings)[window.surface].model_dump(mode="json"),
        "window": [window.cutoff, window.until],
        "seed": window.past.seed,
        "start": subject.start.model_dump(mode="json"),
        "space": {key: list(span) for key, span in subject.space.items()},
        "users": [len(window.comparing), len(window.confirming)],
    }
    digest = hash_json(decisive)[:8]
    return f"{window.surface}-{subject.what}-{window.cutoff:%Y%m%d}-{digest}"


def describe(outcome: Outcome) -> dict[str, Any]:
    """The record of a study, from which its page is made."""
    verdict = outcome.verdict
    return {
        "study": outcome.study,
        "what": outcome.subject.what,
        "surface": outcome.surface,
        "window": [moment.isoformat() for moment in outcome.window],
        "made_at": outcome.made_at.isoformat(),
        "space": {name: list(span) for name, span in outcome.subject.space.items()},
        "written": list(outcome.subject.written),
        "trials": [_describe_trial(trial) for trial in outcome.trials],
        "best": outcome.best.number,
        "verdict": verdict and {**asdict(verdict), "sentence": verdict.sentence},
        "after": outcome.after,
    }


def _describe_trial(trial: Trial) -> dict[str, Any]:
    failed = trial.ndcg != trial.ndcg
    figures = {"ndcg@20": trial.ndcg, "recall": trial.recall}
    shown = {key: None if failed else round(value, 6) for key, value in figures.items()}
    return {"values": dict(trial.values), **shown, "seconds": round(trial.seconds, 3)}


def _section(settings: Settings, what: str) -> Section:
    if what == RANKER:
        return settings.read(RankingSettings)
    section: Section = getattr(settings.read(CandidateSettings), what)
    return section


def _judge_of(window: TuningWindow, subject: Subject) -> JudgeOf:
    if isinstance(subject.start, RankingSettings):
        return ranker_judge(window, subject.start)
    surface = window.run.settings.read(SurfacesSettings)[window.surface]
    k = surface.generators.get(subject.what, UNLISTED_CANDIDATES)

    def judge(values: Values, users: IntArray) -> Figures:
        model = GENERATORS[subject.what].fit(window.past, with_values(subject.start, values))
        return judge_candidates(model, window.truth, users, window.seen, k)

    return judge


def _confirm(
    window: TuningWindow, judge_of: JudgeOf, defaults: Trial, best: Trial
) -> Verdict | None:
    """The best trial against the defaults on the other half of the users.

    On the half that chose it among many it would look better than it is.
    """
    if best.number == defaults.number:
        return None
    before = judge_of(defaults.values, window.confirming)
    after = judge_of(best.values, window.confirming)
    settings = window.run.settings.read(EvaluationSettings)
    return compare_figures(before, after, settings, window.past.seed)
