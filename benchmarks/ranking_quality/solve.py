"""From a problem to its answer: tune and train on slices, then read the test part once."""

from __future__ import annotations

import time

from benchmarks.ranking_quality.answer import BLEND, Answer, measure
from benchmarks.ranking_quality.blend import fit, rank, train, training_set
from benchmarks.ranking_quality.problem import Problem, Split
from benchmarks.ranking_quality.recipe import settings_for, tune

DEEPEST = 20


def solve(problem: Problem) -> Answer:
    """Everything is chosen and fitted before `problem.read_test` is called."""
    started = time.monotonic()
    slices = problem.hold_out()
    settings = tune(slices[0], settings_for(problem.past))
    ranker = train([training_set(split, settings) for split in slices])
    fitted = fit(problem.past, settings)
    test = Split(problem.past, problem.read_test())
    ranking = rank(fitted, ranker, test.users, DEEPEST, test.truth)
    lists = {BLEND: ranking.lists, **ranking.alone}
    return Answer(
        name=problem.name,
        depth=problem.depth,
        users=len(test.users),
        figures=measure(problem, lists, test.users, test.truth),
        published=problem.published,
        n_candidates=ranking.n_candidates,
        union_recall=ranking.union_recall,
        seconds=time.monotonic() - started,
    )
