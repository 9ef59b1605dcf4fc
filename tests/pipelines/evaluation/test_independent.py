"""Our metrics against those of trec_eval, the program of the TREC conferences, by pytrec_eval."""

import random

import numpy as np
import pytest
from pytrec_eval import RelevanceEvaluator
from scipy.sparse import csr_matrix

from pipelines.candidates.generator import NO_ITEM
from pipelines.evaluation.metrics import CUTOFFS, find_hits, metrics_of_users

N_USERS, N_ITEMS = 60, 80
MEASURES = {"recall.5,10,20", "ndcg_cut.5,10,20", "map_cut.5,10,20", "recip_rank"}


@pytest.fixture(scope="module")
def dice():
    """Random numbers whose seed is printed."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def lists(dice):
    """Lists of 0 to 20 items, with holes at the end."""
    made = np.full((N_USERS, 20), NO_ITEM, dtype=np.int32)
    for row in made:
        n_listed = int(dice.integers(0, 21))
        row[:n_listed] = dice.choice(N_ITEMS, n_listed, replace=False)
    return made


@pytest.fixture(scope="module")
def truths(dice):
    """Truths of 1 to 40 items, so that some are larger than every cutoff."""
    sizes = dice.integers(1, 41, N_USERS)
    return [dice.choice(N_ITEMS, size, replace=False) for size in sizes]


def by_trec_eval(lists, truths, k):
    """What trec_eval says of the first *k* items, by user and measure."""
    qrels = {
        f"u{user}": {f"i{item}": 1 for item in truth.tolist()} for user, truth in enumerate(truths)
    }
    # trec_eval sorts by score itself, so that scores fall with the place.
    listed = {
        f"u{user}": {f"i{i}": 100.0 - n for n, i in enumerate(row[:k].tolist()) if i != NO_ITEM}
        for user, row in enumerate(lists)
    }
    return RelevanceEvaluator(qrels, MEASURES).evaluate(listed)


def test_all_metrics_agree_with_trec_eval(lists, truths):
    """Recall, NDCG, MAP and MRR at 5, 10 and 20 of every user.

    Two definitions differ and are converted here: trec_eval divides average precision by the
    size of the truth, we by min(size, k), so that a perfect list has 1; and its reciprocal rank
    knows no k, so that it is given the first k items only. NDCG is the same: both cut the ideal
    list at k. A user without a list is left out by trec_eval and has zeros here.
    """
    rows = np.repeat(np.arange(N_USERS), [len(truth) for truth in truths])
    columns = np.concatenate(truths)
    truth = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(N_USERS, N_ITEMS))
    truth.sort_indices()
    sizes = np.diff(truth.indptr)
    users = np.arange(N_USERS, dtype=np.int32)
    found = metrics_of_users(find_hits(lists, users, truth), sizes)
    for k in CUTOFFS:
        theirs = by_trec_eval(lists, truths, k)
        for user in range(N_USERS):
            expected = theirs.get(f"u{user}", {})
            ours = {
                f"recall_{k}": found[f"recall@{k}"][user],
                f"ndcg_cut_{k}": found[f"ndcg@{k}"][user],
                f"map_cut_{k}": found[f"map@{k}"][user] * min(sizes[user], k) / sizes[user],
                "recip_rank": found[f"mrr@{k}"][user],
            }
            assert ours == pytest.approx({name: expected.get(name, 0.0) for name in ours})
