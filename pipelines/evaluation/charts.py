"""The report's pictures: SVG that stands in the page, takes its colours and its font.

Every function returns one `<svg>` element, or nothing when there is nothing to draw;
text that comes from data is escaped in it.
The same figures give the same bytes. matplotlib is imported only when a picture is drawn.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape
from io import StringIO
from typing import Any

from pipelines.evaluation.results import (
    ACTIVITY,
    HEADLINE,
    ITEM_GROUPS,
    RANKER,
    RIVALS,
    RULED,
    SEGMENTS,
    SurfaceResults,
)
from pipelines.evaluation.wording import count, decimals, percent

# Okabe and Ito's palette: apart for all common kinds of colour blindness, on white and on black.
BLUE, SKY, ORANGE, GREEN, GREY = "#0072b2", "#56b4e9", "#e69f00", "#009e73", "#8c959f"
INK = "#010203"  # stands for the text colour of the page, light or dark
WIDTH = 7.6  # inches

_STYLE = {
    "svg.fonttype": "none",  # text stays text: it can be searched, selected and read aloud
    "text.parse_math": False,  # a dollar in the data is a dollar
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "ytick.left": False,
    "axes.axisbelow": True,
}
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}
_MARKS = {RANKER: (BLUE, "o"), RIVALS[0]: (ORANGE, "s"), RIVALS[1]: (GREEN, "^")}
_TITLES = {SEGMENTS: "user segment", ACTIVITY: "activity of users", ITEM_GROUPS: "kind of item"}
_IN_BRACKETS = {
    SEGMENTS: "users of the segment",
    ACTIVITY: "users",
    ITEM_GROUPS: "users who chose such an item",
}
_CHARACTER = {
    "coverage@20": "coverage",
    "popularity@20": "popularity",
    "novelty@20": "novelty (bits)",
    "diversity@20": "diversity",
}


def models_chart(results: SurfaceResults) -> str:
    """NDCG@20 of every model with its bootstrap interval, the ranker on top."""
    models = [model for model in results.models if results.value(model, HEADLINE) is not None]
    if not models:
        return ""

    def paint(figure: Any) -> None:
        axes = _rows_axes(figure, models)
        for row, model in enumerate(models):
            value = results.value(model, HEADLINE) or 0.0
            low, high = results.interval(model, HEADLINE) or (value, value)
            axes.barh(row, value, color=_colour(model), height=0.62)
            axes.plot([low, high], [row, row], color=INK, linewidth=1.6)
            axes.plot([low, low, high, high], [row] * 4, "|", color=INK, markersize=6)
            axes.annotate(decimals(value, 3), (high, row), (6, 0), va="center", **_OFFSET)
        axes.margins(x=0.08)
        axes.set_xlim(left=0)
        axes.set_xlabel("NDCG@20, with its bootstrap interval")

    return draw(f"{results.name}-models", f"NDCG@20 by model on {results.name}", len(models), paint)


def groups_chart(results: SurfaceResults, kind: str) -> str:
    """NDCG@20 of the ranker and its rivals in each group of *kind* that has users."""
    groups = {name: entry for name, entry in results.groups(kind).items() if entry["users"]}
    values = {
        model: [results.in_group(kind, name, model, HEADLINE) or 0.0 for name in groups]
        for model in _MARKS
        if model in results.models
    }
    if not groups or not values:
        return ""

    def paint(figure: Any) -> None:
        labels = [f"{name} ({count(entry['users'])})" for name, entry in groups.items()]
        axes = _rows_axes(figure, labels)
        for row, span in enumerate(zip(*values.values(), strict=True)):
            axes.plot([min(span), max(span)], [row, row], color=GREY, linewidth=1, zorder=1)
        for model, found in values.items():
            colour, marker = _MARKS[model]
            axes.scatter(
                found,
                range(len(found)),
                color=colour,
                marker=marker,
                label=model,
                s=34,
                clip_on=False,  # a mark at 0 is whole
                zorder=2,
            )
        axes.set_xlim(left=0)
        axes.set_xlabel(f"NDCG@20 ({_IN_BRACKETS[kind]} in brackets)")
        figure.legend(loc="outside upper left", ncols=len(values), frameon=False)

    return draw(
        f"{results.name}-{kind}",
        f"NDCG@20 by {_TITLES[kind]} on {results.name}",
        len(groups) + 1,
        paint,
    )


def character_chart(results: SurfaceResults) -> str:
    """Coverage, popularity, novelty and diversity of every model, side by side."""
    models = results.models
    if not models:
        return ""

    def paint(figure: Any) -> None:
        panels = figure.subplots(1, len(_CHARACTER), sharey=True)
        for axes, (metric, title) in zip(panels, _CHARACTER.items(), strict=True):
            values = [results.value(model, metric) for model in models]
            _paint_rows(axes, models)
            axes.barh(
                range(len(models)),
                [value or 0.0 for value in values],
                color=[_colour(model) for model in models],
                height=0.62,
            )
            for row, value in enumerate(values):
                text = decimals(value, 2) if metric == "novelty@20" else percent(value)
                axes.annotate(text, (value or 0.0, row), (3, 0), va="center", **_OFFSET)
            axes.set_title(title, fontsize=9, loc="left")
            axes.margins(x=0.55)
            axes.set_xlim(left=0)
            axes.set_xticks([])

    return draw(
        f"{results.name}-character",
        f"Coverage, popularity, novelty and diversity by model on {results.name}",
        len(models),
        paint,
    )


def importance_chart(name: str, importance: Sequence[tuple[str, float]]) -> str:
    """Share of the ranker's gain of each of the columns given, the largest on top."""
    if not importance:
        return ""

    def paint(figure: Any) -> None:
        axes = _rows_axes(figure, [column for column, _ in importance])
        axes.barh(range(len(importance)), [gain for _, gain in importance], color=BLUE, height=0.62)
        for row, (_, gain) in enumerate(importance):
            axes.annotate(percent(gain), (gain, row), (4, 0), va="center", **_OFFSET)
        axes.margins(x=0.12)
        axes.set_xlim(left=0)
        axes.set_xticks([])

    description = f"Share of the ranker's gain by column on {name}"
    return draw(f"{name}-importance", description, 0.72 * len(importance), paint)


def stages_chart(stages: Sequence[tuple[str, float, int]]) -> str:
    """Seconds of each stage of the night (name, seconds, peak MB), in their order."""
    if not stages:
        return ""

    def paint(figure: Any) -> None:
        axes = _rows_axes(figure, [name for name, _, _ in stages])
        seconds = [seconds for _, seconds, _ in stages]
        axes.barh(range(len(stages)), seconds, color=BLUE, height=0.62)
        for row, (_, spent, peak_mb) in enumerate(stages):
            label = f"{spent:.1f} s · {count(peak_mb)} MB"
            axes.annotate(label, (spent, row), (4, 0), va="center", **_OFFSET)
        axes.margins(x=0.2)
        axes.set_xlim(left=0)
        axes.set_xlabel("seconds · peak memory of the process up to the stage's end")

    return draw("stages", "Seconds of each stage of the night", len(stages), paint)


_OFFSET = {"textcoords": "offset points", "annotation_clip": False}


def _colour(model: str) -> str:
    return {RANKER: BLUE, RULED: SKY}.get(model, GREY)


def _rows_axes(figure: Any, labels: Sequence[str]) -> Any:
    axes = figure.subplots()
    _paint_rows(axes, labels)
    axes.grid(axis="x", color=INK, alpha=0.13, linewidth=0.8)
    return axes


def _paint_rows(axes: Any, labels: Sequence[str]) -> None:
    """One row a label, the first on top."""
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)


def draw(name: str, description: str, rows: float, paint: Callable[[Any], None]) -> str:
    """The `<svg>` that *paint* puts into a figure tall enough for *rows* rows of text."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    # The salt decides the ids in the file, which must not meet those of another picture.
    with rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=(WIDTH, 0.75 + 0.27 * rows), layout="constrained")
        paint(figure)
        file = StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata=_NO_METADATA)
    return _inline(file.getvalue(), description)


def _inline(document: str, description: str) -> str:
    """The `<svg>` element of *document*, without what only a file of its own needs."""
    element = document[document.index("<svg") :].strip()
    element = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", element)
    element = re.sub(r'<g id="[^"]*"', "<g", element)  # the same in every picture
    element = element.replace(INK, "currentColor")
    return element.replace("<svg", f'<svg role="img" aria-label="{escape(description)}"', 1)
