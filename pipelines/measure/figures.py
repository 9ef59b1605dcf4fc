"""The figures of a span by group, each with its interval."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.measure.intervals import DoubleArray, quantiles, ratio, resample, wilson
from pipelines.measure.queries import make_table, run_query
from pipelines.measure.settings import MeasureSettings
from pipelines.measure.span import Span

ALL = "(all)"
DIMENSIONS = ("all", "tier", "version", "variant", "segment", "item_age")
PER = 1_000  # items shown, of attributed value

# Query → the parameters that it names.
_CHAIN = {
    "judged_impressions": ("since", "before", "max_skew", "max_daily_items"),
    "shown": ("new_item_age",),
    "judged_actions": ("since", "before", "max_skew"),
    "attributed": ("order_slack", "attribution_window", "click_window"),
    "outcomes": ("begin", "end", "repeats_since", "accepted"),
    "user_cells": (),
}


def build_outcomes(
    connection: duckdb.DuckDBPyConnection, settings: MeasureSettings, span: Span
) -> None:
    """The tables of `sql/` up to `user_cells`, of the material that is loaded."""
    binds = span.binds(settings)
    for name, named in _CHAIN.items():
        make_table(connection, name, {key: binds[key] for key in named})


def read_figures(
    connection: duckdb.DuckDBPyConnection, settings: MeasureSettings, span: Span
) -> pa.Table:
    """A row a group: sums, figures, and the ends of their intervals; NaN becomes null."""
    sums = run_query(connection, "group_sums").to_arrow_table()
    items = run_query(
        connection, "group_items", {"end": span.end, "new_item_age": settings.new_item_age}
    ).to_arrow_table()
    columns = {name: sums[name].to_numpy() for name in sums.column_names if name.startswith("n_")}
    columns |= {name: items[name].to_numpy() for name in ("n_items", "n_live_items", "n_catalogue")}
    figures = _rates(columns, settings) | _ratios(connection, columns, sums, settings, span)
    return pa.table(
        {
            "day": pa.array([span.begin.date()] * len(sums), pa.date32()),
            **{name: sums[name] for name in sums.column_names},
            **{name: items[name] for name in ("n_items", "n_live_items", "n_catalogue")},
            **{name: pa.array(values, from_pandas=True) for name, values in figures.items()},
        }
    )


def read_positions(
    connection: duckdb.DuckDBPyConnection, settings: MeasureSettings, span: Span
) -> pa.Table:
    """CTR at each place, by surface; a place is seen about once a page, so its clicks are alone."""
    sums = run_query(connection, "position_sums").to_arrow_table()
    shown, clicked = sums["n_shown"].to_numpy(), sums["n_clicked"].to_numpy()
    low, high = wilson(clicked, shown, settings.confidence)
    sums = sums.append_column("ctr", pa.array(clicked / shown))
    sums = sums.append_column("ctr_low", pa.array(low)).append_column("ctr_high", pa.array(high))
    return sums.add_column(0, "day", pa.array([span.begin.date()] * len(sums), pa.date32()))


def read_counts(connection: duckdb.DuckDBPyConnection, span: Span) -> pa.Table:
    """What was read, left out, and attributed in which way."""
    counts = run_query(connection, "counts", {"begin": span.begin, "end": span.end})
    table = counts.to_arrow_table()
    return table.add_column(0, "day", pa.array([span.begin.date()] * len(table), pa.date32()))


def _rates(columns: dict[str, Any], settings: MeasureSettings) -> dict[str, DoubleArray]:
    """Shares of users, and of what was shown."""
    users, shown = columns["n_users"], columns["n_shown"]
    figures: dict[str, DoubleArray] = {}
    for name, counted in (
        ("acceptance", "n_acted_users"),
        ("conversion", "n_converted_users"),
        ("coverage", "n_personal_users"),
    ):
        low, high = wilson(columns[counted], users, settings.confidence)
        figures |= {name: columns[counted] / users, f"{name}_low": low, f"{name}_high": high}
    live, catalogue = columns["n_live_items"], columns["n_catalogue"]
    return figures | {
        "catalogue_coverage": ratio(live.astype(float), catalogue.astype(float)),
        "novel_share": columns["n_novel"] / shown,
        "again_share": columns["n_again"] / shown,
    }


def _ratios(
    connection: duckdb.DuckDBPyConnection,
    columns: dict[str, Any],
    sums: pa.Table,
    settings: MeasureSettings,
    span: Span,
) -> dict[str, DoubleArray]:
    """Ratios of two sums over users, whose clicks and purchases come in bursts."""
    cells = connection.table("user_cells").to_arrow_table()
    groups = number_groups(cells)
    users = np.unique(cells["user_id"].to_pylist(), return_inverse=True)[1]
    values = np.column_stack(
        [cells[name].cast(pa.float64()).to_numpy() for name in ("n_clicked", "value", "n_shown")]
    )
    clicked, value, shown = resample(
        groups,
        users,
        values,
        seed=(settings.seed, span.begin.toordinal()),
        resamples=settings.resamples,
    )
    ctr_low, ctr_high = ctr_interval(
        columns["n_clicked"], columns["n_shown"], ratio(clicked, shown), settings.confidence
    )
    value_low, value_high = quantiles(PER * ratio(value, shown), settings.confidence)
    amounts = sums["value"].cast(pa.float64()).to_numpy()
    return {
        "ctr": columns["n_clicked"] / columns["n_shown"],
        "ctr_low": ctr_low,
        "ctr_high": ctr_high,
        "value_per_thousand": PER * amounts / columns["n_shown"],
        "value_per_thousand_low": value_low,
        "value_per_thousand_high": value_high,
    }


def ctr_interval(
    clicked: npt.ArrayLike, shown: npt.ArrayLike, samples: DoubleArray, confidence: float
) -> tuple[DoubleArray, DoubleArray]:
    """The wider of the bootstrap over users and of Wilson's interval, at each end.

    Few users, or no click at all, make the bootstrap too sure; Wilson's is, of users who click a
    lot or never.
    """
    low, high = wilson(clicked, shown, confidence)
    sample_low, sample_high = quantiles(samples, confidence)
    return np.fmin(low, sample_low), np.fmax(high, sample_high)


def number_groups(cells: pa.Table) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The number of each row's group; rows are ordered by group, as the sums are."""
    keys = list(
        zip(*(cells[name].to_pylist() for name in ("surface", "dimension", "label")), strict=True)
    )
    starts = [row == 0 or keys[row] != keys[row - 1] for row in range(len(keys))]
    return np.cumsum(np.array(starts, dtype=np.int64)) - 1
