"""Settings of a generator, judged by what came true of its own candidates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
from scipy.sparse import csr_matrix

from pipelines.candidates.generate import BLOCK_USERS
from pipelines.candidates.generator import Generator, Past
from pipelines.candidates.known import GENERATORS
from pipelines.candidates.settings import CandidateSettings
from pipelines.evaluation.metrics import MAX_CUTOFF, find_hits, ndcg, recall
from pipelines.interactions import IntArray
from pipelines.tuning.search import Figures, Limits, Trial, Values, best_trial, open_study, search
from pipelines.tuning.spaces import SPACES, Number, Space
from settings import Section

SectionT = TypeVar("SectionT", bound=Section)


def tune_generator(
    name: str,
    past: Past,
    truth: csr_matrix,
    users: IntArray,
    seen: csr_matrix | None,
    *,
    budget_seconds: float | None = None,
    n_trials: int | None = None,
    seed: int,
    k: int = MAX_CUTOFF,
    settings: CandidateSettings | None = None,
) -> tuple[Section, list[Trial]]:
    """The best settings of the generator *name* fitted on *past*, and every trial.

    Judged by NDCG@20 on *truth* (all users × items) over those of *users* who have any; *seen*
    (all users × items) is left out of the candidates, None: repeats allowed. Trial 0 has the
    values of *settings* (default: the defaults); the study is in memory. Ends after
    *budget_seconds* or *n_trials*, whichever comes first. A generator without a space has its
    one trial only.
    """
    start = getattr(settings or CandidateSettings(), name)
    space = SPACES.get(name, {})
    judged = users[np.diff(truth.indptr)[users] > 0]

    def judge(values: Values) -> Figures:
        model = GENERATORS[name].fit(past, with_values(start, values))
        return judge_candidates(model, truth, judged, seen, k)

    limits = Limits(n_trials=n_trials if space else 1, seconds=budget_seconds)
    first = [values_of(start, space)]
    trials = search(open_study(name), space, first, judge, limits, seed=seed)
    return with_values(start, best_trial(trials).values), trials


def judge_candidates(
    model: Generator, truth: csr_matrix, users: IntArray, seen: csr_matrix | None, k: int
) -> Figures:
    """NDCG@20 and recall of *k* candidates of each of *users*, who all have some truth."""
    sizes = np.diff(truth.indptr)[users].astype(np.int32)
    width = max(k, MAX_CUTOFF)
    hits = np.zeros((len(users), width), dtype=bool)
    for start in range(0, len(users), BLOCK_USERS):
        block = users[start : start + BLOCK_USERS]
        owned = None if seen is None else seen[block]
        lists = model.candidates(block, width, owned)
        hits[start : start + len(block)] = find_hits(lists, block, truth)
    return Figures(ndcg=ndcg(hits, sizes, MAX_CUTOFF), recall=recall(hits, sizes, k))


def values_of(section: Section, space: Space) -> dict[str, Number]:
    """The fields of *section* that *space* varies."""
    return {name: getattr(section, name) for name in space}


def with_values(section: SectionT, values: Mapping[str, Number]) -> SectionT:
    """*section* with other *values*, checked against its bounds."""
    return type(section).model_validate({**section.model_dump(), **values})
