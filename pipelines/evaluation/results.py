"""What `evaluation.json` says of one surface; a model or a figure that is not there is None."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.evaluation.groups import HEAD, HEAVY, LIGHT, NEW, TAIL

RANKER = "ranker"
RULED = "ranker_with_rules"
HEADLINE = "ndcg@20"
RIVALS = ("own_most_frequent", "recent_popularity")  # what the ranker has to beat
# Ways in which the figures are told apart, by their key in `evaluation.json`.
SEGMENTS, ACTIVITY, ITEM_GROUPS = "segments", "activity", "item_groups"
_ORDERS = {ACTIVITY: (NEW, LIGHT, HEAVY), ITEM_GROUPS: (NEW, TAIL, HEAD)}


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

    def groups(self, kind: str) -> dict[str, Mapping[str, Any]]:
        """What is stored of each group of *kind*: the largest segment first, new before old."""
        stored: Mapping[str, Mapping[str, Any]] = self.stored.get(kind, {})
        if kind in _ORDERS:
            return {name: stored[name] for name in _ORDERS[kind] if name in stored}
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

    def in_group(self, kind: str, group: str, model: str, metric: str) -> float | None:
        """*metric* of *model* in one group of *kind*; None when the group has nobody."""
        return _finite(self.stored[kind][group].get(metric, {}).get(model))

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


def surface_results(
    evaluation: Mapping[str, Any], names: Sequence[str] = ()
) -> list[SurfaceResults]:
    """The surfaces of *evaluation* (the content of `evaluation.json`): *names*, then the others.

    The file's own order is alphabetical; *names* are those of the settings, in their order.
    """
    stored = evaluation.get("surfaces", {})
    first = [name for name in names if name in stored]
    others = sorted(set(stored) - set(first))
    return [SurfaceResults(name, stored[name]) for name in (*first, *others)]


def _finite(value: float | None) -> float | None:
    """A figure of nobody is None; files of earlier versions may have NaN."""
    return None if value is None or not math.isfinite(value) else float(value)


def _divide(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else part / whole
