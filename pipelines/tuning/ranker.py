"""Settings of the ranker: trained on the older cutoffs, judged at the newest training cutoff."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import numpy as np

from pipelines.candidates.generate import Candidates, open_candidates
from pipelines.candidates.generator import NO_ITEM
from pipelines.evaluation.metrics import MAX_CUTOFF, find_hits, ndcg, recall
from pipelines.inputs import run_cutoffs
from pipelines.interactions import FloatArray, IntArray
from pipelines.ranking.feature_columns import open_features_of, read_vocabulary
from pipelines.ranking.matrix import build_matrix, column_names
from pipelines.ranking.ranker import bin_rows, fit_ranker
from pipelines.ranking.settings import RankingSettings
from pipelines.ranking.training_set import build_training_set
from pipelines.surfaces import SurfacesSettings
from pipelines.tuning.generators import with_values
from pipelines.tuning.search import Figures, Values
from pipelines.tuning.window import TuningError, TuningWindow

JudgeOf = Callable[[Values, IntArray], Figures]


def ranker_judge(window: TuningWindow, start: RankingSettings) -> JudgeOf:
    """A function: what came of rankers with some values on some users of *window*.

    Training rows and the matrix to be ranked are built once. Raises `TuningError` when no
    training cutoff is left whose window ends before the one that trials are judged on.
    """
    run, index, surface = window.run, window.index, window.surface
    older = older_cutoffs(window)
    if not older:
        raise TuningError(
            f"the ranker is judged on the window from {window.cutoff:%Y-%m-%d}, and no training "
            "cutoff lies a whole window before it; raise [night] training_cutoffs, bring older "
            "events, or leave the ranker out of what is tuned"
        )
    vocabulary = read_vocabulary(run, (*older, window.cutoff), start.max_categories)
    sets = [build_training_set(run, index, surface, moment, vocabulary) for moment in older]
    users = np.union1d(window.comparing, window.confirming).astype(np.int32)
    source = open_candidates(run, run.settings.read(SurfacesSettings)[surface], window.cutoff)
    candidates = source.of_users(users)
    features = open_features_of(run, index, window.cutoff, users, vocabulary)
    columns = column_names(list(candidates.scores), features)
    matrix = build_matrix(candidates, features)

    def judge(values: Values, chosen: IntArray) -> Figures:
        past = window.past
        settings = with_values(start, values)
        rows = bin_rows(sets, vocabulary, settings, threads=past.threads)
        ranker = fit_ranker(rows, settings, seed=past.seed)
        asked = np.isin(candidates.users, chosen)
        scores = ranker.score(matrix[asked], columns, past.threads)
        lists = _first_items(candidates.take(asked), scores, chosen)
        hits = find_hits(lists, chosen, window.truth)
        sizes = np.diff(window.truth.indptr)[chosen].astype(np.int32)
        return Figures(ndcg(hits, sizes, MAX_CUTOFF), recall(hits, sizes, MAX_CUTOFF))

    return judge


def older_cutoffs(window: TuningWindow) -> tuple[datetime, ...]:
    """Training cutoffs whose own window ends before that of *window* begins."""
    cutoffs = run_cutoffs(window.run)
    ends = ((moment, moment + cutoffs.horizon) for moment in cutoffs.training)
    return tuple(moment for moment, end in ends if end <= window.cutoff)


def _first_items(candidates: Candidates, scores: FloatArray, users: IntArray) -> IntArray:
    """The best items of each of *users* (ascending) by falling score, ties by item number."""
    order = np.lexsort((candidates.items, -scores, candidates.users))
    owners, items = candidates.users[order], candidates.items[order]
    place = np.arange(len(owners)) - np.searchsorted(owners, owners)
    first = place < MAX_CUTOFF
    lists = np.full((len(users), MAX_CUTOFF), NO_ITEM, dtype=np.int32)
    lists[np.searchsorted(users, owners[first]), place[first]] = items[first]
    return lists
