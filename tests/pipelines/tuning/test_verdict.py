"""When a trial counts as better."""

import numpy as np
import pytest

from pipelines.evaluation.settings import EvaluationSettings
from pipelines.tuning.search import Figures
from pipelines.tuning.verdict import compare_figures

SETTINGS = EvaluationSettings(bootstrap_rounds=200)
USERS = 400


def judge_of(gain, recall_gain=0.0, noise=0.0):
    """The verdict on a made trial whose users gain so much on average."""
    seed = 11
    dice = np.random.default_rng(seed)
    before = Figures(ndcg=dice.random(USERS), recall=dice.random(USERS))
    after = Figures(
        ndcg=before.ndcg + gain + noise * dice.standard_normal(USERS),
        recall=before.recall + recall_gain,
    )
    return compare_figures(before, after, SETTINGS, seed)


@pytest.mark.parametrize(
    ("gain", "recall_gain", "noise", "is_better"),
    [
        (0.02, 0.0, 0.01, True),  # small, but nearly every user gains
        (0.02, 0.0, 2.0, False),  # the same, lost in noise
        (0.0, 0.0, 0.0, False),
        (-0.02, 0.0, 0.01, False),
        (0.02, -0.01, 0.01, False),  # better lists of fewer candidates that count
        (0.02, 0.01, 0.01, True),
    ],
)
def test_better_means_beyond_noise_and_at_no_cost_of_candidates(
    gain, recall_gain, noise, is_better
):
    """The interval of the paired differences decides, not the means."""
    assert judge_of(gain, recall_gain, noise).is_better is is_better


def test_the_sentence_has_the_figures():
    """Means before and after, and the interval with its signs."""
    level = Figures(ndcg=np.full(5, 0.25), recall=np.full(5, 0.5))
    higher = Figures(ndcg=np.full(5, 0.5), recall=np.full(5, 0.25))
    assert compare_figures(level, higher, SETTINGS, 0).sentence == (
        "NDCG@20 0.2500 → 0.5000 (difference +0.2500 to +0.2500), "
        "recall 0.5000 → 0.2500 (difference −0.2500 to −0.2500)"
    )
