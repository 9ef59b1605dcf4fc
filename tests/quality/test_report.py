"""What a gate leaves behind, and what it refuses to measure."""

import logging
import math
import re

import pytest

from pipelines.files import read_json
from pipelines.quality.events import check_events
from pipelines.quality.measurements import Expectation, Measurement
from pipelines.quality.validation import failing, validate
from tests.quality.made_run import stopped_by

FEW = Expectation(name="few", meaning="few rows are odd", remedy="look at them", at_most=3)


def test_a_failed_gate_leaves_a_page_that_explains_it(inputs):
    """The page names expectation, column, numbers and rows, and loads nothing from elsewhere."""
    inputs.events[0]["user_id"] = None
    inputs.events[0]["item_id"] = "<script>alert(1)</script>"
    run = inputs.begin()
    message = stopped_by(check_events, run)
    page = run.path("quality", "events.html").read_text()
    assert f"all results: {run.path('quality', 'events.html')}" in message
    for text in ("not_null on events.user_id", "found 1 rows, expected at most 0 rows"):
        assert text in page
    assert "&lt;script&gt;alert(1)" in page
    assert re.findall(r"<script|<link|<img|(?:src|href|url)\s*[=(]", page) == []


def test_the_verdict_is_that_of_great_expectations(inputs):
    """The JSON holds each expectation as Great Expectations evaluated it."""
    inputs.events[0]["user_id"] = None
    run = inputs.begin()
    stopped_by(check_events, run)
    record = read_json(run.path("quality", "events.json"))
    assert record["expectations"][0] == {
        "name": "not_null",
        "type": "expect_column_values_to_be_between",
        "kwargs": {
            "batch_id": "nightshelf-events",
            "column": "not_null",
            "min_value": 0.0,
            "max_value": 0.0,
        },
        "description": "no value is null or empty (at most 0 rows)",
        "success": False,
        "n_measured": 8,
        "n_failed": 1,
    }


def test_great_expectations_says_nothing_of_its_own(caplog):
    """Its temporary folders are no news to who reads the log of a night or of the collector."""
    caplog.set_level(logging.INFO)
    validate("made", [Measurement(expectation=FEW, about="t", found=1)])
    assert [record.getMessage() for record in caplog.records] == []


def test_failures_are_told_apart_by_what_they_are_about():
    """Of several measurements of one expectation exactly those out of range fail."""
    measured = [Measurement(expectation=FEW, about=f"t{n}", found=n) for n in range(6)]
    results = validate("made", measured)
    assert results["success"] is False
    assert failing(measured, results) == measured[4:]


def test_a_value_that_cannot_be_compared_is_refused():
    """NaN would pass as a missing value, so it cannot be measured at all."""
    with pytest.raises(ValueError, match="few on t: measured nan"):
        Measurement(expectation=FEW, about="t", found=math.nan)


def test_one_name_has_one_range_and_one_measurement_a_thing():
    """Two ranges under one name, or one thing measured twice, would hide a failure."""
    other = Expectation(name="few", meaning="", remedy="", at_most=9)
    one = Measurement(expectation=FEW, about="t", found=1)
    with pytest.raises(ValueError, match="two expectations are called few"):
        validate("made", [one, Measurement(expectation=other, about="u", found=1)])
    with pytest.raises(ValueError, match="few was measured twice on t"):
        validate("made", [one, one])
