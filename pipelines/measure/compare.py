"""Groups of users side by side: CTR of each by day, and how far they are apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.collected import open_collected
from pipelines.measure.day import days_shown, open_outcomes
from pipelines.measure.figures import ALL, ctr_interval
from pipelines.measure.intervals import DoubleArray, quantiles, ratio, resample
from pipelines.measure.settings import MeasureSettings
from pipelines.measure.span import span_of
from settings import Settings


@dataclass(frozen=True)
class GroupFigure:
    """What a group was shown and clicked, on one day or, with `day` None, on all of them."""

    day: date | None
    group: str
    n_users: int
    n_shown: int
    n_clicked: int
    ctr: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """CTR of a group less that of the control group; decided where the interval leaves out 0."""

    day: date | None
    group: str
    control: str
    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """Figures and differences by day, oldest first, then those of all days together."""

    figures: list[GroupFigure]
    differences: list[Difference]


@dataclass(frozen=True)
class _Rows:
    """Sums by user and group: one entry a user who was shown something as one of a group."""

    users: npt.NDArray[np.object_]
    groups: npt.NDArray[np.object_]
    clicked: DoubleArray
    shown: DoubleArray


def compare_variants(
    settings: Settings,
    days: Iterable[date] | None = None,
    *,
    surface: str = ALL,
    control: str | None = None,
    groups: Mapping[str, str] | None = None,
) -> Comparison:
    """CTR by day and variant on *surface*, with intervals.

    *groups* (user id → group) takes the place of variants; users without one are left out.
    With *control*, the name of a group, each other group's difference from it as well.
    *days* are all on which something was shown. Reads the landing zone, so that nothing has to be
    measured before.
    """
    landed, measure = open_collected(settings), settings.read(MeasureSettings)
    wanted = days_shown(landed) if days is None else sorted(set(days))
    by_day: dict[date | None, _Rows] = {}
    for day in wanted:
        with open_outcomes(settings, landed, span_of(day)) as connection:
            cells = connection.table("user_cells").to_arrow_table()
        by_day[day] = _rows_of(cells, surface, groups)
    if len(by_day) > 1:
        by_day[None] = _together(list(by_day.values()))
    found = Comparison([], [])
    for at, rows in by_day.items():
        _compare(found, at, rows, control, measure)
    return found


def _rows_of(cells: pa.Table, surface: str, groups: Mapping[str, str] | None) -> _Rows:
    dimension = "variant" if groups is None else "all"
    chosen = [
        row
        for row in cells.select(
            ["surface", "dimension", "label", "user_id", "n_clicked", "n_shown"]
        ).to_pylist()
        if (row["surface"], row["dimension"]) == (surface, dimension)
        and (groups is None or row["user_id"] in groups)
    ]
    names = [row["label"] if groups is None else groups[row["user_id"]] for row in chosen]
    return _Rows(
        users=np.array([row["user_id"] for row in chosen], dtype=object),
        groups=np.array(names, dtype=object),
        clicked=np.array([row["n_clicked"] for row in chosen], dtype=np.float64),
        shown=np.array([row["n_shown"] for row in chosen], dtype=np.float64),
    )


def _together(parts: list[_Rows]) -> _Rows:
    return _Rows(
        users=np.concatenate([part.users for part in parts]),
        groups=np.concatenate([part.groups for part in parts]),
        clicked=np.concatenate([part.clicked for part in parts]),
        shown=np.concatenate([part.shown for part in parts]),
    )


def _compare(
    found: Comparison,
    day: date | None,
    rows: _Rows,
    control: str | None,
    settings: MeasureSettings,
) -> None:
    if len(rows.users) == 0:
        return
    names, group_of = np.unique(rows.groups.astype(str), return_inverse=True)
    users, user_of = np.unique(rows.users.astype(str), return_inverse=True)
    pairs = np.unique(group_of.astype(np.int64) * len(users) + user_of) // len(users)
    n_users = np.bincount(pairs, minlength=len(names))
    clicked = np.bincount(group_of, rows.clicked, minlength=len(names))
    shown = np.bincount(group_of, rows.shown, minlength=len(names))
    sums = resample(
        group_of,
        user_of,
        np.column_stack([rows.clicked, rows.shown]),
        seed=(settings.seed, 0 if day is None else day.toordinal()),
        resamples=settings.resamples,
    )
    samples = ratio(sums[0], sums[1])
    low, high = ctr_interval(clicked, shown, samples, settings.confidence)
    rates = clicked / shown
    found.figures.extend(
        GroupFigure(
            day=day,
            group=str(name),
            n_users=int(n_users[at]),
            n_shown=int(shown[at]),
            n_clicked=int(clicked[at]),
            ctr=float(rates[at]),
            low=float(low[at]),
            high=float(high[at]),
        )
        for at, name in enumerate(names)
    )
    (base,) = np.flatnonzero(names == control) if control in names else (None,)
    if base is None or control is None:
        return
    low, high = quantiles(samples - samples[base], settings.confidence)
    found.differences.extend(
        Difference(
            day=day,
            group=str(name),
            control=control,
            difference=float(rates[at] - rates[base]),
            low=float(low[at]),
            high=float(high[at]),
        )
        for at, name in enumerate(names)
        if at != base
    )
