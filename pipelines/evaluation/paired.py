"""Whether one run's figures are better than another's, for the same users, beyond chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipelines.evaluation.metrics import DoubleArray, paired_interval
from pipelines.evaluation.settings import EvaluationSettings
from pipelines.evaluation.user_figures import COMPARED, read_user_figures

BETTER, WORSE, NOT_DECIDED = "better", "worse", "not decided"


@dataclass(frozen=True, kw_only=True)
class PairedFigure:
    """One metric of two runs over the users that both evaluated."""

    users: int
    live: float
    tonight: float
    difference: float  # tonight - live
    interval: tuple[float, float]  # of the difference

    @property
    def verdict(self) -> str:
        """Better or worse where the interval leaves out 0, else not decided."""
        return judge(self.interval)


def judge(interval: tuple[float, float]) -> str:
    """What the *interval* of a difference says."""
    low, high = interval
    if low > 0:
        return BETTER
    return WORSE if high < 0 else NOT_DECIDED


def compare_user_figures(
    tonight: Path, live: Path, model: str, settings: EvaluationSettings, seed: int
) -> Mapping[str, PairedFigure]:
    """NDCG@20 and recall@20 of *model* in two files of user figures; empty without common users."""
    ours, theirs = read_user_figures(tonight, model), read_user_figures(live, model)
    both = np.intersect1d(
        ours["user_id"].to_numpy(), theirs["user_id"].to_numpy(), return_indices=True
    )
    if not len(both[0]):
        return {}
    figures = {}
    for metric in COMPARED:
        a, b = ours[metric].to_numpy()[both[1]], theirs[metric].to_numpy()[both[2]]
        figures[metric] = pair_figures(b, a, settings, seed)
    return figures


def pair_figures(
    before: DoubleArray, now: DoubleArray, settings: EvaluationSettings, seed: int
) -> PairedFigure:
    """One metric of the same users, at least one, in the same order: live *before*, tonight *now*.

    Raises `ValueError` when their numbers differ.
    """
    low, high = paired_interval(now, before, settings.bootstrap_rounds, settings.confidence, seed)
    return PairedFigure(
        users=len(now),
        live=round(float(before.mean()), 6),
        tonight=round(float(now.mean()), 6),
        difference=round(float((now - before).mean()), 6),
        interval=(round(low, 6), round(high, 6)),
    )
