"""The pictures of the measures, in the manner of the night's report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from pipelines.evaluation.charts import BLUE, GREEN, GREY, INK, ORANGE, SKY, draw
from pipelines.evaluation.wording import count, percent
from pipelines.measure.kept import Row

_COLOURS = (BLUE, ORANGE, GREEN, SKY, GREY)
MAX_LINES = len(_COLOURS)
_HEIGHT = 9  # rows of text that a picture over days or places is tall
# Share → how it is named; in the order in which bars stand on each other.
_EXPOSURES = {"novel_share": "new to the user", "again_share": "again, not taken", "": "taken once"}


def days_chart(lines: Mapping[str, Sequence[Row]], target: float | None) -> str:
    """CTR by day with its interval, a line for each name; the target as a dashed one."""
    shown = {name: rows for name, rows in list(lines.items())[:MAX_LINES] if rows}
    if not shown:
        return ""

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        for (name, rows), colour in zip(shown.items(), _COLOURS, strict=False):
            _band(axes, [row["day"] for row in rows], rows, colour, name)
        if target is not None:
            axes.axhline(target, color=INK, linestyle=(0, (4, 3)), linewidth=1, label="target")
        _share_axis(axes, "CTR")
        _day_axis(axes, [row["day"] for rows in shown.values() for row in rows])
        figure.legend(loc="outside upper left", ncols=MAX_LINES + 1, frameon=False)

    return draw("measure-days-" + "-".join(shown), "CTR by day, with intervals", _HEIGHT, paint)


def groups_chart(name: str, groups: Mapping[str, Row], target: float | None) -> str:
    """CTR of each group with its interval, items shown in brackets."""
    if not groups:
        return ""

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        labels = [f"{label} ({count(row['n_shown'])})" for label, row in groups.items()]
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.grid(axis="x", color=INK, alpha=0.13, linewidth=0.8)
        for place, row in enumerate(groups.values()):
            axes.barh(place, row["ctr"], color=BLUE, height=0.62)
            ends = [row["ctr_low"], row["ctr_high"]]
            axes.plot(ends, [place, place], color=INK, linewidth=1.6)
            axes.plot(ends, [place, place], "|", color=INK, markersize=6)
            at = {"xytext": (6, 0), "textcoords": "offset points", "va": "center"}
            axes.annotate(percent(row["ctr"]), (row["ctr_high"], place), **at)
        if target is not None:
            axes.axvline(target, color=INK, linestyle=(0, (4, 3)), linewidth=1)
        axes.margins(x=0.12)
        axes.set_xlim(left=0)
        axes.xaxis.set_major_formatter(_percent)
        axes.set_xlabel("CTR (items shown in brackets; dashed: the target)")

    return draw(f"measure-{name}", f"CTR by {name}", len(groups) + 0.6, paint)


def positions_chart(rows: Sequence[Row]) -> str:
    """CTR at each place of a list, with its interval."""
    if not rows:
        return ""

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        _band(axes, [row["position"] for row in rows], rows, BLUE, "CTR")
        axes.locator_params(axis="x", integer=True)
        axes.set_xlabel("place in the list, 1 is the first")
        _share_axis(axes, "CTR")

    return draw("measure-positions", "CTR by place, with intervals", _HEIGHT - 1, paint)


def coverage_chart(rows: Sequence[Row], target: float) -> str:
    """Share of users with a list of their own, and of the catalogue that was shown, by day."""
    if not rows:
        return ""

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        days = [row["day"] for row in rows]
        for name, label, colour in (
            ("coverage", "users with a list of their own", BLUE),
            ("catalogue_coverage", "of the live catalogue", ORANGE),
        ):
            known = [(row["day"], row[name]) for row in rows if row[name] is not None]
            if known:
                axes.plot(*zip(*known, strict=True), color=colour, marker="o", ms=4, label=label)
        axes.axhline(target, color=INK, linestyle=(0, (4, 3)), linewidth=1, label="target (users)")
        _share_axis(axes, "share")
        axes.set_ylim(0, 1.03)
        _day_axis(axes, days)
        figure.legend(loc="outside upper left", ncols=3, frameon=False)

    return draw("measure-coverage", "Coverage by day", _HEIGHT - 1, paint)


def exposure_chart(rows: Sequence[Row]) -> str:
    """What was shown: new to the user, shown again without being taken, or taken before."""
    if not rows:
        return ""

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        places = range(len(rows))
        below = [0.0] * len(rows)
        for (name, label), colour in zip(_EXPOSURES.items(), (BLUE, ORANGE, GREY), strict=True):
            shares = [
                row[name] if name else 1 - under for row, under in zip(rows, below, strict=True)
            ]
            axes.bar(places, shares, bottom=below, color=colour, label=label, width=0.72)
            below = [under + share for under, share in zip(below, shares, strict=True)]
        every = max(1, -(-len(rows) // 8))
        axes.set_xticks(places[::every], [f"{row['day']:%d %b}" for row in rows[::every]])
        _share_axis(axes, "share of the items shown")
        axes.set_ylim(0, 1)
        figure.legend(loc="outside upper left", ncols=3, frameon=False)

    return draw("measure-exposure", "New and repeated items by day", _HEIGHT - 1, paint)


def _band(axes: Any, at: Sequence[Any], rows: Sequence[Row], colour: str, label: str) -> None:
    lows, highs = [row["ctr_low"] for row in rows], [row["ctr_high"] for row in rows]
    axes.fill_between(at, lows, highs, color=colour, alpha=0.18, linewidth=0)
    if len(rows) == 1:  # a band of one point cannot be seen
        axes.plot([at[0], at[0]], [lows[0], highs[0]], color=colour, linewidth=1.6)
    axes.plot(at, [row["ctr"] for row in rows], color=colour, marker="o", ms=4, label=label)


def _share_axis(axes: Any, label: str) -> None:
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(_percent)
    axes.set_ylabel(label)
    axes.grid(axis="y", color=INK, alpha=0.13, linewidth=0.8)


def _day_axis(axes: Any, days: Sequence[date]) -> None:
    known = sorted(set(days))
    every = max(1, -(-len(known) // 8))
    axes.set_xticks(known[::every], [f"{day:%d %b}" for day in known[::every]])


def _percent(share: float, _place: int = 0) -> str:
    return f"{share:.4%}".rstrip("0%").rstrip(".") + " %" if share else "0"
