"""The days of the loop in one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines.evaluation.charts import BLUE, ORANGE, draw
from pipelines.evaluation.wording import percent
from pipelines.files import replacing
from pipelines.measure.compare import Comparison, GroupFigure
from pipelines.simulate.summary import CONTROL, LISTS

_LOOKS = {
    LISTS: (BLUE, "o", "their lists", -0.04),
    CONTROL: (ORANGE, "s", "recent popularity", 0.04),
}
_ROWS = 10  # of text that the picture is tall
# What an element in a page takes from the page, a file says for itself.
_OF_A_FILE = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'style="background: white; color: black; font-family: sans-serif"'
)


def draw_days(comparison: Comparison, path: Path) -> Path:
    """CTR of both groups by day with intervals, as an SVG file at *path*."""
    by_day = [figure for figure in comparison.figures if figure.day is not None]
    days = sorted({figure.day for figure in by_day if figure.day is not None})

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        for group in _LOOKS:
            _paint_group(axes, group, [f for f in by_day if f.group == group], days)
        axes.set_xticks(range(len(days)), [f"{day:%Y-%m-%d}" for day in days])
        axes.set_xlim(-0.5, len(days) - 0.5)
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter(lambda value, _: percent(value))
        axes.set_ylabel("clicks of an item shown")
        figure.legend(loc="outside upper left", ncols=2, frameon=False)

    picture = draw("loop-days", "CTR by day of both groups, with 95 % intervals", _ROWS, paint)
    with replacing(path) as beside:
        beside.write_text(picture.replace("<svg", _OF_A_FILE, 1), encoding="utf-8")
    return path


def _paint_group(axes: Any, group: str, figures: list[GroupFigure], days: list[Any]) -> None:
    colour, mark, label, aside = _LOOKS[group]
    at = [days.index(figure.day) + aside for figure in figures]
    rates = [figure.ctr for figure in figures]
    below = [figure.ctr - figure.low for figure in figures]
    above = [figure.high - figure.ctr for figure in figures]
    axes.errorbar(at, rates, [below, above], color=colour, marker=mark, capsize=4, label=label)
