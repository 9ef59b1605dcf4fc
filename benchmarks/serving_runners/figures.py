"""What was measured: medians of the rounds, ratios within a round, memory."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from benchmarks.serving_runners.contenders import OURS, Contender
from benchmarks.serving_runners.spent import measure_processes
from benchmarks.serving_runners.wrk import Seen

Figures = dict[str, float]
Rounds = dict[str, list[Figures]]  # contender → one a round
PERSONAL = "personal"  # share of answers that were the user's own list


def figures_of(seen: Seen) -> Figures:
    """*seen* as it is printed."""
    figures = {name: round(value, 2) for name, value in asdict(seen).items()}
    del figures["not_modified"]
    return figures


def medians(rounds: Rounds) -> dict[str, Figures]:
    """The median of every figure over the rounds, all that failed, the worst personal share."""
    return {
        name: {key: round(statistics.median(one[key] for one in figures), 2) for key in figures[0]}
        | {"failed": sum(one["failed"] for one in figures)}
        | {key: min(one[key] for one in figures) for key in figures[0].keys() & {PERSONAL}}
        for name, figures in rounds.items()
    }


def ratios(rounds: Rounds, figure: str) -> dict[str, float]:
    """Ours divided by each other's: the median of the rounds' own ratios."""
    if OURS not in rounds:
        return {}
    return {
        name: round(_median_ratio(rounds[OURS], figures, figure), 3)
        for name, figures in rounds.items()
        if name != OURS
    }


def _median_ratio(ours: list[Figures], others: list[Figures], figure: str) -> float:
    pairs = zip(ours, others, strict=True)
    return statistics.median(one[figure] / max(other[figure], 1e-9) for one, other in pairs)


def memory(contenders: Mapping[str, Contender]) -> dict[str, Any]:
    """What the processes of each hold now; null where the system does not say."""
    found = {name: measure_processes(contender.pid) for name, contender in contenders.items()}
    return {
        name: None
        if spent is None
        else {key: value for key, value in asdict(spent).items() if key != "cpu_s"}
        for name, spent in found.items()
    }
