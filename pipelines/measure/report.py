"""The measures as one page that needs nothing else: how well lists do, for whom, how surely."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from jinja2 import Environment

from pipelines.evaluation.wording import MISSING, count, decimals, percent
from pipelines.files import replacing
from pipelines.measure import charts
from pipelines.measure.day import measures_directory
from pipelines.measure.figures import ALL
from pipelines.measure.gauges import closed_days
from pipelines.measure.kept import MeasuredDay, Row, measured_days, newest_closed
from pipelines.measure.settings import MeasureSettings
from pipelines.page_templates import open_templates
from settings import ProjectSettings, Settings
from settings.durations import format_duration

FILE = "report.html"
MAX_GROUPS = 20
DEFAULT_VARIANT = "default"  # stands first
_TITLES = {
    "tier": "tier",
    "variant": "variant",
    "version": "version",
    "segment": "user segment",
    "item_age": "age of the item",
}


@dataclass(frozen=True)
class Verdict:
    """One figure beside its target."""

    name: str
    meaning: str
    value: str
    interval: str
    target: str
    verdict: str  # reached, missed, undecided


def write_report(settings: Settings, before: date | None = None) -> Path | None:
    """Writes `measures/report.html`: no scripts, nothing loaded from elsewhere.

    None when no day was measured. The same measures give the same page.
    """
    days = measured_days(settings)
    if not days:
        return None
    closed = closed_days(settings, days, before)
    page = _environment().get_template("report.html").render(_contents(settings, days, closed))
    path = measures_directory(settings) / FILE
    with replacing(path) as beside:
        beside.write_text(page, encoding="utf-8")
    return path


def judge(row: Mapping[str, Any], settings: MeasureSettings) -> list[Verdict]:
    """The figures of *row* that have a target: decided only where the interval leaves it out."""
    return [
        Verdict(
            name=name,
            meaning=meaning,
            value=percent(row[figure]),
            interval=_interval(row, figure),
            target=percent(target),
            verdict=_verdict(row[f"{figure}_low"], row[f"{figure}_high"], target),
        )
        for figure, name, meaning, target in (
            ("ctr", "CTR", "of the items shown were clicked", settings.target_ctr),
            (
                "acceptance",
                "Acceptance",
                "of the users shown something acted on it",
                settings.target_acceptance,
            ),
            (
                "coverage",
                "Coverage",
                "of the users shown something saw a list of their own",
                settings.target_coverage,
            ),
        )
    ]


def _verdict(low: float, high: float, target: float) -> str:
    if low >= target:
        return "reached"
    return "missed" if high < target else "undecided"


def _environment() -> Environment:
    here = Path(__file__).parent
    environment = open_templates(here, here.parent / "evaluation")  # the report's style
    environment.filters["count"] = count
    return environment


def _contents(
    settings: Settings, days: Sequence[MeasuredDay], closed: Sequence[date]
) -> dict[str, Any]:
    measure = settings.read(MeasureSettings)
    shown = list(days)[-measure.report_days :]
    day = newest_closed(days, closed) or days[-1]
    wholes = [one.whole for one in shown]
    return {
        "namespace": settings.read(ProjectSettings).namespace,
        "day": day.day,
        "is_open": day.day not in closed,
        "first": shown[0].day,
        "last": shown[-1].day,
        "n_days": len(shown),
        "whole": day.whole,
        "confidence": f"{measure.confidence * 100:g} %",
        "verdicts": judge(day.whole, measure),
        "tiles": _tiles(day.whole),
        "days_chart": charts.days_chart({"CTR": wholes}, measure.target_ctr),
        "variants_chart": _variants_chart(shown, measure),
        "groups": _groups(day, measure),
        "positions_chart": charts.positions_chart(_positions(day)),
        "coverage_chart": charts.coverage_chart(wholes, measure.target_coverage),
        "exposure_chart": charts.exposure_chart(wholes),
        "rows": [_row(str(one["day"]), one) for one in reversed(wholes)],
        "open_days": [str(one.day) for one in shown if one.day not in closed],
        "counts": [(row["subject"], row["what"], count(row["n"])) for row in day.counts],
        "settings": measure,
        "windows": {
            name: format_duration(getattr(measure, name))
            for name in ("attribution_window", "click_window", "repeat_window", "new_item_age")
        },
    }


def _tiles(row: Row) -> list[tuple[str, str, str]]:
    return [
        ("CTR", percent(row["ctr"]), _interval(row, "ctr")),
        ("Acceptance", percent(row["acceptance"]), _interval(row, "acceptance")),
        ("Conversion", percent(row["conversion"]), _interval(row, "conversion")),
        (
            "Value per 1,000 shown",
            decimals(row["value_per_thousand"], 2),
            f"{row['value_per_thousand_low']:.2f}–{row['value_per_thousand_high']:.2f}",
        ),
        ("Coverage, users", percent(row["coverage"]), _interval(row, "coverage")),
        (
            "Coverage, catalogue",
            percent(row["catalogue_coverage"]),
            f"{count(row['n_live_items'])} of {count(row['n_catalogue'])} items",
        ),
    ]


def _interval(row: Mapping[str, Any], figure: str) -> str:
    low, high = row[f"{figure}_low"], row[f"{figure}_high"]
    if low is None or high is None:
        return MISSING
    return f"{low * 100:.1f}–{high * 100:.1f} %"


def _variants_chart(days: Sequence[MeasuredDay], measure: MeasureSettings) -> str:
    """Nothing where there is one variant: the picture of all says the same."""
    names = {name for day in days for name in day.labels(ALL, "variant")}
    if len(names) < 2:
        return ""
    lines = {
        name: [
            day.figures[ALL, "variant", name]
            for day in days
            if (ALL, "variant", name) in day.figures
        ]
        for name in sorted(names, key=lambda name: (name != DEFAULT_VARIANT, name))
    }
    return charts.days_chart(lines, measure.target_ctr)


def _groups(day: MeasuredDay, measure: MeasureSettings) -> list[dict[str, Any]]:
    """A picture and a table of each dimension; the surfaces first."""
    surfaces = {name: day.figures[name, "all", ALL] for name in day.busiest_surfaces(MAX_GROUPS)}
    found = {"surface": surfaces} | {
        title: {
            label: day.figures[ALL, dimension, label]
            for label in day.labels(ALL, dimension, MAX_GROUPS)
        }
        for dimension, title in _TITLES.items()
    }
    return [
        {
            "title": title,
            "chart": charts.groups_chart(title, rows, measure.target_ctr),
            "rows": [_row(label, row) for label, row in rows.items()],
        }
        for title, rows in found.items()
    ]


def _positions(day: MeasuredDay) -> list[Row]:
    """Places of all surfaces; those that hardly anybody saw have intervals that hide the rest."""
    rows = [row for row in day.positions if row["surface"] == ALL]
    most = max((row["n_shown"] for row in rows), default=0)
    return [row for row in rows if row["n_shown"] * 50 >= most]


def _row(name: str, row: Row) -> dict[str, Any]:
    return {
        "name": name,
        "cells": [
            (count(row["n_users"]), ""),
            (count(row["n_shown"]), ""),
            (percent(row["ctr"]), _interval(row, "ctr")),
            (percent(row["acceptance"]), _interval(row, "acceptance")),
            (percent(row["conversion"]), _interval(row, "conversion")),
            (decimals(row["value_per_thousand"], 2), ""),
            (percent(row["coverage"]), ""),
            (percent(row["catalogue_coverage"]), ""),
            (percent(row["novel_share"]), ""),
            (percent(row["again_share"]), ""),
        ],
    }
