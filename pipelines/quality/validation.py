"""Hands measurements to Great Expectations: one frame and one suite a gate."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from pipelines.quality.measurements import Expectation, Measurement
from settings.errors import NightshelfError


class QualityError(NightshelfError):
    """A gate failed; the message says which expectation, on what, and shows the rows."""


def validate(gate: str, measurements: Sequence[Measurement]) -> dict[str, Any]:
    """What Great Expectations finds when the suite *gate* judges *measurements*.

    Raises `QualityError` when an expectation could not be evaluated at all.
    """
    gx = _load_great_expectations()
    expectations = _distinct_expectations(measurements)
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    asset = context.data_sources.add_pandas("nightshelf").add_dataframe_asset(gate)
    definition = asset.add_batch_definition_whole_dataframe("measurements")
    batch = definition.get_batch({"dataframe": _frame(measurements, expectations)})
    suite = gx.ExpectationSuite(
        name=gate, expectations=[_gx_expectation(gx, item) for item in expectations]
    )
    result_format = {"result_format": "COMPLETE", "unexpected_index_column_names": ["about"]}
    results: dict[str, Any] = batch.validate(suite, result_format=result_format).to_json_dict()
    for result in results["results"]:
        _refuse_exception(gate, result)
    return results


def failing(measurements: Sequence[Measurement], results: dict[str, Any]) -> list[Measurement]:
    """Those of *measurements* that *results* of `validate` call unexpected, in their order."""
    broken = {
        (result["expectation_config"]["kwargs"]["column"], row["about"])
        for result in results["results"]
        for row in result["result"].get("unexpected_index_list") or []
    }
    return [item for item in measurements if (item.expectation.name, item.about) in broken]


def _load_great_expectations() -> Any:
    """Imported here, as it takes seconds; it warns about modules of its own."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx
    # The second one sets its own level, and tells of its temporary folder.
    for name in ("great_expectations", "great_expectations.data_context.types.base"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return gx


def _distinct_expectations(measurements: Sequence[Measurement]) -> list[Expectation]:
    by_name: dict[str, Expectation] = {}
    seen: set[tuple[str, str]] = set()
    for item in measurements:
        known = by_name.setdefault(item.expectation.name, item.expectation)
        if known != item.expectation:
            raise ValueError(f"two expectations are called {known.name}; give each its own name")
        if (known.name, item.about) in seen:
            raise ValueError(f"{known.name} was measured twice on {item.about}; expected once")
        seen.add((known.name, item.about))
    return list(by_name.values())


def _frame(measurements: Sequence[Measurement], expectations: Sequence[Expectation]) -> Any:
    """A row a measurement; its number stands in the column of its expectation, others are null."""
    columns = {"about": pa.array([item.about for item in measurements], pa.string())}
    for expectation in expectations:
        numbers = [m.found if m.expectation == expectation else None for m in measurements]
        columns[expectation.name] = pa.array(numbers, pa.float64())
    return pa.table(columns).to_pandas(types_mapper=pd.ArrowDtype)


def _gx_expectation(gx: Any, expectation: Expectation) -> Any:
    return gx.expectations.ExpectColumnValuesToBeBetween(
        column=expectation.name,
        min_value=expectation.at_least,
        max_value=expectation.at_most,
        description=f"{expectation.meaning} ({expectation.expected})",
        meta={"name": expectation.name, "unit": expectation.unit, "remedy": expectation.remedy},
    )


def _refuse_exception(gate: str, result: dict[str, Any]) -> None:
    if result["exception_info"].get("raised_exception"):
        name = result["expectation_config"]["kwargs"]["column"]
        raise QualityError(
            f"gate {gate}: {name} could not be evaluated: "
            f"{result['exception_info']['exception_message']}"
        )
