"""Is a model better than another one, beyond noise? Both measured on the same users and window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.evaluation.metrics import MAX_CUTOFF, DoubleArray, find_hits, ndcg, paired_interval
from pipelines.evaluation.paired import judge
from pipelines.evaluation.results import HEADLINE, RANKER, RIVALS, RULED
from pipelines.evaluation.settings import EvaluationSettings
from pipelines.index import load_index
from pipelines.inputs import run_cutoffs
from pipelines.lists.rules import load_rules
from pipelines.lists.settings import ListSettings
from pipelines.ranking.labels import load_labels
from pipelines.ranking.score import rank_users
from pipelines.registry.model import Model
from pipelines.runs import FINISHED, Run, RunError, open_run
from pipelines.surfaces import SurfacesSettings

NOT_COMPARABLE = "not comparable"
Scores = Mapping[str, float]  # user id → NDCG@20


@dataclass(frozen=True, kw_only=True)
class SurfaceComparison:
    """NDCG@20 of one model's lists, rules applied, against another's on one surface."""

    surface: str
    finding: str  # better, worse or not decided beyond noise, or not comparable
    users: int = 0  # in common
    ours: float = 0.0  # mean over them
    theirs: float = 0.0
    interval: tuple[float, float] = (0.0, 0.0)  # of the mean difference, ours - theirs
    how: str  # how both were measured, or why they cannot be

    @property
    def difference(self) -> float:
        return self.ours - self.theirs


@dataclass(frozen=True)
class Comparison:
    """A challenger against a champion, surface by surface."""

    challenger: str
    champion: str
    surfaces: tuple[SurfaceComparison, ...]


def compare_models(challenger: Model, champion: Model) -> Comparison:
    """The paired bootstrap of NDCG@20 on the challenger's last window, over common users.

    Metrics that both have of one window are compared as they are. Else the champion's rankers
    of the purpose `evaluated` rank the challenger's candidates, if the columns agree and the
    challenger's run is on disk. What cannot be compared says why.
    """
    surfaces = tuple(_compare(surface, challenger, champion) for surface in challenger.surfaces)
    return Comparison(challenger.id, champion.id, surfaces)


def compare_with_baselines(model: Model, surface: str) -> SurfaceComparison:
    """*model*'s ranker against the better rival of its own evaluation, on the same users.

    Both without the rules of the lists, which no baseline obeys; a single generator that wins in
    hindsight is no rival.
    """
    scores = read_users(model.users_file(surface))
    rivals = {name: scores[name] for name in RIVALS if name in scores}
    if RANKER not in scores or not rivals:
        return _incomparable(surface, "the run has no metrics of each user and baseline")
    best = max(sorted(rivals), key=lambda name: _mean(rivals[name]))
    return _pair(surface, model, scores[RANKER], rivals[best], f"against {best}")


def read_users(path: Path) -> dict[str, Scores]:
    """NDCG@20 of each user by model, from `users-<surface>.parquet`; empty without the file."""
    if not path.exists():
        return {}
    table = pq.read_table(path, columns=["user_id", "model", HEADLINE])
    scores: dict[str, Scores] = {}
    for model in pc.unique(table["model"]).to_pylist():
        rows = table.filter(pc.equal(table["model"], model))
        scores[model] = dict(
            zip(rows["user_id"].to_pylist(), rows[HEADLINE].to_pylist(), strict=True)
        )
    return scores


def _compare(surface: str, challenger: Model, champion: Model) -> SurfaceComparison:
    ours = read_users(challenger.users_file(surface)).get(RULED)
    if surface not in champion.surfaces:
        return _incomparable(surface, f"{champion.id} has no such surface")
    if not ours:
        return _incomparable(surface, f"the run of {challenger.id} has no metrics of each user")
    theirs = read_users(champion.users_file(surface)).get(RULED)
    if theirs and _right(champion, surface) == _right(challenger, surface):
        return _pair(surface, challenger, ours, theirs, "both were evaluated on the same window")
    try:
        run = _run_to_rank_on(challenger, champion, surface)
    except RunError as error:
        return _incomparable(surface, str(error))
    theirs = _rank_again(run, surface, champion, list(ours))
    how = f"the ranker of {champion.id} ranked the candidates of {challenger.id}"
    return _pair(surface, challenger, ours, theirs, how)


def _right(model: Model, surface: str) -> tuple[str | None, ...]:
    """What counted as right when *model* was evaluated: the window, and the label's SQL."""
    return (*model.window, model.manifest.get("labels", {}).get(surface))


def _run_to_rank_on(challenger: Model, champion: Model, surface: str) -> Run:
    """The challenger's run; raises `RunError` when the champion cannot rank its candidates."""
    if champion.window[0] > challenger.window[0]:
        raise RunError(f"{champion.id} was trained on what {challenger.id} was evaluated on")
    ours, theirs = (m.columns(surface, "evaluated") for m in (challenger, champion))
    if ours != theirs:
        strange = sorted(set(ours) ^ set(theirs))
        differ = f"only one has {', '.join(strange[:3])}" if strange else "in another order"
        raise RunError(f"window or label differ, and so do the rankers' columns: {differ}")
    if surface not in challenger.settings.read(SurfacesSettings).names:
        raise RunError("window or label differ, and the settings have no such surface any more")
    run = open_run(challenger.settings, challenger.run_id)
    if not run.is_done(FINISHED):
        raise RunError(f"window or label differ, and {run.name} is being built again")
    return run


def _rank_again(run: Run, surface: str, champion: Model, user_ids: list[str]) -> Scores:
    """NDCG@20 of the champion's ranker on the window, candidates and features of *run*."""
    index = load_index(run)
    settings = run.settings.read(SurfacesSettings)[surface]
    cutoff = run_cutoffs(run).evaluation
    wanted = pc.is_in(index.users["user_id"], value_set=pa.array(user_ids))
    users = np.flatnonzero(wanted.to_numpy(zero_copy_only=False)).astype(np.int32)
    ranker = champion.ranker(surface, "evaluated")
    ranked = rank_users(run, index, surface, cutoff, users, ranker)
    rules = load_rules(index, run.settings.read(ListSettings), settings)
    shown = ranked.take(rules.select(ranked.users, ranked.items, ranked.scores))
    truth = load_labels(run, index, settings.label, cutoff)
    hits = find_hits(shown.first_items(users, MAX_CUTOFF), users, truth)
    values = ndcg(hits, np.diff(truth.indptr)[users].astype(np.int32), MAX_CUTOFF)
    return dict(zip(index.user_ids[users].tolist(), values.tolist(), strict=True))


def _pair(surface: str, model: Model, ours: Scores, theirs: Scores, how: str) -> SurfaceComparison:
    common = sorted(ours.keys() & theirs.keys())
    if not common:
        return _incomparable(surface, "no user was evaluated for both")
    settings = model.settings.read(EvaluationSettings)
    a, b = _values(ours, common), _values(theirs, common)
    low, high = paired_interval(
        a, b, settings.bootstrap_rounds, settings.confidence, int(model.manifest["seed"])
    )
    return SurfaceComparison(
        surface=surface,
        finding=judge((low, high)),
        users=len(common),
        ours=float(a.mean()),
        theirs=float(b.mean()),
        interval=(low, high),
        how=how,
    )


def _incomparable(surface: str, why: str) -> SurfaceComparison:
    return SurfaceComparison(surface=surface, finding=NOT_COMPARABLE, how=why)


def _values(scores: Scores, users: list[str]) -> DoubleArray:
    return np.array([scores[user] for user in users], dtype=np.float64)


def _mean(scores: Scores) -> float:
    return float(np.mean(list(scores.values())))
