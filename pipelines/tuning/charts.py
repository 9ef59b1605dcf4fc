"""The pictures of a study, in the manner of the report's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pipelines.evaluation.charts import BLUE, GREY, ORANGE, draw
from pipelines.evaluation.wording import percent

PARTS = 3  # of the trials by the value of a field: low, middle, high


def history_chart(name: str, ndcg: Sequence[float | None]) -> str:
    """NDCG@20 of every trial in order, the best so far, and that of the defaults."""
    found = np.array([np.nan if value is None else value for value in ndcg])
    if len(found) < 2 or np.isnan(found[0]):
        return ""

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        numbers = np.arange(len(found))
        axes.axhline(found[0], color=ORANGE, linewidth=1.2, label="defaults")
        axes.plot(numbers, np.fmax.accumulate(found), color=BLUE, drawstyle="steps-post")
        axes.scatter(numbers, found, color=GREY, s=18, label="trial", zorder=2)
        axes.plot([], [], color=BLUE, label="best so far")
        axes.locator_params(axis="x", integer=True)
        axes.set_xlabel("trial")
        axes.set_ylabel("NDCG@20")
        figure.legend(loc="outside upper left", ncols=3, frameon=False)

    return draw(f"{name}-history", f"NDCG@20 of {len(found)} trials of {name}", 8, paint)


def importance_chart(name: str, importance: Mapping[str, float]) -> str:
    """How much of the differences between trials each field explains alone."""
    if not importance:
        return ""
    shares = dict(sorted(importance.items(), key=lambda pair: (-pair[1], pair[0])))

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        axes.barh(range(len(shares)), list(shares.values()), color=BLUE, height=0.62)
        axes.set_yticks(range(len(shares)), list(shares))
        axes.set_ylim(len(shares) - 0.5, -0.5)
        for row, share in enumerate(shares.values()):
            at = {"xytext": (4, 0), "textcoords": "offset points", "va": "center"}
            axes.annotate(percent(share), (share, row), **at)
        axes.set_xlim(0, 1)
        axes.set_xticks([])

    return draw(f"{name}-fields", f"What the fields of {name} explain", len(shares), paint)


def importance_of(
    values: Sequence[Mapping[str, float]], ndcg: Sequence[float | None]
) -> dict[str, float]:
    """Field → share of the variance of NDCG that lies between its low, middle and high trials.

    A plain look at one field at a time: fields that only matter together show little.
    Nothing for fewer than three trials a part.
    """
    fitted = [number for number, value in enumerate(ndcg) if value is not None]
    score = np.array([ndcg[number] for number in fitted], dtype=np.float64)
    if len(fitted) < PARTS * PARTS or not score.std():
        return {}
    shares = {}
    for name in values[0]:
        order = np.argsort([values[number][name] for number in fitted], kind="stable")
        parts = np.array_split(score[order], PARTS)
        between = sum(len(part) * (part.mean() - score.mean()) ** 2 for part in parts)
        shares[name] = float(between / (len(score) * score.var()))
    return shares
