"""What `evaluation.json` says of one surface; a model or a figure that is not there is None."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

RANKER = "ranker"
RULED = "ranker_with_rules"
HEADLINE = "ndcg@20"
RIVALS = ("own_most_frequent", "recent_popularity")  # what the ranker has to beat


@dataclass(frozen=True)
class SurfaceResults:
    """One entry of `surfaces` in `evaluation.json`."""

    name: str
    stored: Mapping[str, Any]

    @property
    def users(self) -> int:
        """How many users had an event before the cutoff and one that counts after it."""
        return int(self.stored.get("users", 0))

    @property
    def models(self) -> list[str]:
        """The ranker, the ranker with rules, then the others, the best first, ties by name."""
        ours = [model for model in (RANKER, RULED) if model in self._models]
        others = set(self._models) - set(ours)
        return [*ours, *sorted(others, key=lambda model: (-self._headline(model), model))]

    @property
    def segments(self) -> dict[str, Mapping[str, Any]]:
        """Users and NDCG@20 by model of each segment, the largest segment first."""
        stored: Mapping[str, Mapping[str, Any]] = self.stored.get("segments", {})
        return dict(sorted(stored.items(), key=lambda pair: (-pair[1]["users"], pair[0])))

    @property
    def importance(self) -> list[tuple[str, float]]:
        """Columns of the ranker and their share of the gain, the largest first."""
        stored: Mapping[str, float] = self.stored.get("importance", {})
        return sorted(stored.items(), key=lambda pair: (-pair[1], pair[0]))

    @property
    def rules_cost(self) -> float | None:
        """NDCG@20 that the rules take from the ranker."""
        return _finite(self.stored.get("rules_cost_ndcg@20"))

    @property
    def relative_rules_cost(self) -> float | None:
        """`rules_cost` as a share of the ranker's NDCG@20."""
        return _divide(self.rules_cost, self.value(RANKER, HEADLINE))

    def by_segment(self, model: str) -> list[float]:
        """NDCG@20 of *model* in each of `segments`."""
        return [entry[HEADLINE][model] for entry in self.segments.values()]

    def figure(self, key: str) -> float | None:
        """A number of the surface itself, such as `candidate_recall`."""
        return _finite(self.stored.get(key))

    def value(self, model: str, metric: str) -> float | None:
        """The mean of *metric*, such as `recall@10`, over the users."""
        return _finite(self._models.get(model, {}).get(metric))

    def interval(self, model: str, metric: str) -> tuple[float, float] | None:
        """The bootstrap interval of that mean."""
        low, high = self._models.get(model, {}).get(f"{metric}_interval", (None, None))
        return None if _finite(low) is None or _finite(high) is None else (low, high)

    def lift(self, rival: str) -> float | None:
        """How many times the NDCG@20 of *rival* the ranker has."""
        return _divide(self.value(RANKER, HEADLINE), self.value(rival, HEADLINE))

    def is_apart(self, rival: str) -> bool:
        """Whether the intervals of the ranker and of *rival* share no value."""
        ours, theirs = self.interval(RANKER, HEADLINE), self.interval(rival, HEADLINE)
        if ours is None or theirs is None:
            return False
        return ours[0] > theirs[1] or ours[1] < theirs[0]

    @property
    def _models(self) -> Mapping[str, Mapping[str, Any]]:
        models: Mapping[str, Mapping[str, Any]] = self.stored.get("models", {})
        return models

    def _headline(self, model: str) -> float:
        value = self.value(model, HEADLINE)
        return -math.inf if value is None else value


def surface_results(evaluation: Mapping[str, Any]) -> list[SurfaceResults]:
    """The surfaces of *evaluation* (the content of `evaluation.json`), by name."""
    return [SurfaceResults(*pair) for pair in sorted(evaluation.get("surfaces", {}).items())]


def _finite(value: float | None) -> float | None:
    """Means over no users are NaN in the file."""
    return None if value is None or not math.isfinite(value) else float(value)


def _divide(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else part / whole
