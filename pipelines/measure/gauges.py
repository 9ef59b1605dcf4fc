"""`measures.prom`: the newest whole day in Prometheus' text format, for `/metrics` to pass on.

Labels are surfaces, dimensions, tiers, variants, segments and places: few, and never an id. Of
each dimension only those shown most have gauges, and versions, which come anew each night, none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from pipelines.collected import open_collected
from pipelines.files import replacing
from pipelines.measure.day import closed_before, measures_directory
from pipelines.measure.figures import ALL
from pipelines.measure.kept import MeasuredDay, Row, measured_days, newest_closed
from pipelines.measure.settings import MeasureSettings
from settings import ProjectSettings, Settings

FILE = "measures.prom"
PREFIX = "nightshelf_measure_"
MAX_POSITION = 20
LONGEST_LABEL = 64
_DIMENSIONS = ("all", "tier", "variant", "segment", "item_age")
_GROUP = ("surface", "dimension", "label")

# Gauge → its labels beside `namespace`, and what it says.
GAUGES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "ctr": (_GROUP, "Share of the items shown that were clicked."),
    "ctr_low": (_GROUP, "Low end of its interval."),
    "ctr_high": (_GROUP, "High end of its interval."),
    "acceptance": (_GROUP, "Share of the users shown something who acted on it."),
    "acceptance_low": (_GROUP, "Low end of its interval."),
    "acceptance_high": (_GROUP, "High end of its interval."),
    "conversion": (_GROUP, "Share of the users shown something who bought some of it."),
    "coverage": (_GROUP, "Share of the users shown something who saw some of a list of their own."),
    "coverage_low": (_GROUP, "Low end of its interval."),
    "coverage_high": (_GROUP, "High end of its interval."),
    "catalogue_coverage": (_GROUP, "Share of the live catalogue that was shown to anybody."),
    "value_per_thousand": (_GROUP, "Value of attributed purchases per 1,000 items shown."),
    "novel_share": (_GROUP, "Share of the items shown that were new to the user."),
    "again_share": (_GROUP, "Share of the items shown that were not taken when shown before."),
    "users": (_GROUP, "Users who were shown something."),
    "shown": (_GROUP, "Items shown."),
    "position_ctr": (("surface", "position"), "CTR of a place."),
    "target": (("figure",), "What [measure] aims at."),
    "events": (("subject", "what"), "Rows of the day: counted, left out, attributed and how."),
    "day_timestamp_seconds": ((), "When the day that these figures are of began."),
}
Sample = tuple[tuple[str, ...], float | None]  # label values and value; None is left out


def gauges_path(settings: Settings) -> Path:
    return measures_directory(settings) / FILE


def write_gauges(settings: Settings, before: date | None = None) -> date | None:
    """Writes the gauges of the newest whole day; which it is, None where there is none.

    A day is whole when it is before *before*, or something was received after it ended. Nothing
    is written, and what is there stays, while no day is whole.
    """
    days = measured_days(settings)
    day = newest_closed(days, closed_days(settings, days, before))
    if day is None:
        return None
    text = render_gauges(settings, day)
    with replacing(gauges_path(settings)) as beside:
        beside.write_text(text, encoding="utf-8")
    return day.day


def closed_days(
    settings: Settings, days: Iterable[MeasuredDay], before: date | None = None
) -> list[date]:
    """Those of *days* that are over."""
    received = closed_before(open_collected(settings))
    return [
        one.day
        for one in days
        if (before is not None and one.day < before)
        or (received is not None and received >= _begin(one.day) + timedelta(days=1))
    ]


def render_gauges(settings: Settings, day: MeasuredDay) -> str:
    """The gauges of *day* as text."""
    measure = settings.read(MeasureSettings)
    namespace = settings.read(ProjectSettings).namespace
    rows = list(_groups(day, measure.max_label_values))
    samples: dict[str, Iterable[Sample]] = {
        name: [(group, row[_COLUMN.get(name, name)]) for group, row in rows]
        for name, (labels, _) in GAUGES.items()
        if labels == _GROUP
    }
    surfaces = {ALL, *day.busiest_surfaces(measure.max_label_values)}
    samples["position_ctr"] = [
        ((row["surface"], str(row["position"])), row["ctr"])
        for row in day.positions
        if row["position"] <= MAX_POSITION and row["surface"] in surfaces
    ]
    samples["target"] = [
        (("ctr",), measure.target_ctr),
        (("acceptance",), measure.target_acceptance),
        (("coverage",), measure.target_coverage),
    ]
    samples["events"] = [((row["subject"], row["what"]), row["n"]) for row in day.counts]
    samples["day_timestamp_seconds"] = [((), _begin(day.day).replace(tzinfo=UTC).timestamp())]
    lines = [line for name in GAUGES for line in _lines(name, samples[name], namespace)]
    return "\n".join(lines) + "\n"


_COLUMN = {"users": "n_users", "shown": "n_shown"}


def _groups(day: MeasuredDay, most: int) -> Iterator[tuple[tuple[str, ...], Row]]:
    for surface in (ALL, *day.busiest_surfaces(most)):
        for dimension in _DIMENSIONS:
            for label in day.labels(surface, dimension, most):
                yield (surface, dimension, label), day.figures[surface, dimension, label]


def _lines(name: str, samples: Iterable[Sample], namespace: str) -> Iterator[str]:
    labels, text = GAUGES[name]
    yield f"# HELP {PREFIX}{name} {text}"
    yield f"# TYPE {PREFIX}{name} gauge"
    for values, value in samples:
        if value is not None:
            named = dict(zip(("namespace", *labels), (namespace, *values), strict=True))
            inner = ",".join(f'{key}="{_escape(text)}"' for key, text in named.items())
            yield f"{PREFIX}{name}{{{inner}}} {value:.10g}"


def _escape(text: str) -> str:
    """*text* as the value of a label: segments are the data's own words."""
    cut = text[:LONGEST_LABEL]
    return cut.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _begin(day: date) -> datetime:
    return datetime.combine(day, time())
