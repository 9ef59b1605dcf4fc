"""Whether the best trial beats the defaults by more than noise."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.evaluation.metrics import DoubleArray, paired_interval
from pipelines.evaluation.settings import EvaluationSettings
from pipelines.evaluation.wording import signed
from pipelines.tuning.search import Figures

Interval = tuple[float, float]


@dataclass(frozen=True)
class Verdict:
    """Means before and after on users whom no trial was compared on, and how sure they are."""

    users: int
    ndcg: Interval  # before, after
    ndcg_interval: Interval  # of the difference
    recall: Interval
    recall_interval: Interval

    @property
    def is_better(self) -> bool:
        """More NDCG for sure, and not for sure less recall: candidates are there to be found."""
        return self.ndcg_interval[0] > 0 and self.recall_interval[1] >= 0

    @property
    def sentence(self) -> str:
        """The figures in words."""
        figures = (
            ("NDCG@20", self.ndcg, self.ndcg_interval),
            ("recall", self.recall, self.recall_interval),
        )
        return ", ".join(
            f"{name} {before:.4f} → {after:.4f} (difference {signed(low)} to {signed(high)})"
            for name, (before, after), (low, high) in figures
        )


def compare_figures(
    before: Figures, after: Figures, settings: EvaluationSettings, seed: int
) -> Verdict:
    """*after* against *before*, both of the same users in the same order."""

    def interval(new: DoubleArray, old: DoubleArray) -> Interval:
        low, high = paired_interval(new, old, settings.bootstrap_rounds, settings.confidence, seed)
        return round(low, 6), round(high, 6)

    return Verdict(
        users=len(before.ndcg),
        ndcg=(round(float(before.ndcg.mean()), 6), round(float(after.ndcg.mean()), 6)),
        ndcg_interval=interval(after.ndcg, before.ndcg),
        recall=(round(float(before.recall.mean()), 6), round(float(after.recall.mean()), 6)),
        recall_interval=interval(after.recall, before.recall),
    )
