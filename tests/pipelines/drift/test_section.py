"""Drift in the night's report: what is over, what moved most, or that there is nothing yet."""

import re
from dataclasses import asdict
from html import unescape

import pytest

from pipelines.drift.compare import ColumnDrift
from pipelines.drift.section import drift_section
from pipelines.files import write_json
from tests.evaluation.reported_run import HOSTILE, made_run


@pytest.fixture
def run(tmp_path):
    """A made run without drift."""
    return made_run(tmp_path)


def write(run, columns, compared_with=("before",)):
    record = {"compared_with": list(compared_with), "columns": [asdict(c) for c in columns]}
    write_json(run.path("drift.json"), record)


def words(html):
    """The text of *html*, spaces and line ends made one."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def column(name, psi=None, **more):
    shown = {"state": "compared", "last_run": "before", "n_runs": 1, "null_share_before": 0.0}
    limits = {"max_psi": 0.25, "max_null_share_change": 0.1, "psi_since_last": psi}
    return ColumnDrift(table="t", column=name, psi=psi, **shown | limits | more)


def test_a_run_without_drift_has_no_section(run):
    """Runs of before there was such a stage are reported as they were."""
    assert drift_section(run) is None


def test_the_first_run_says_so(run):
    """There is nothing to compare with, and the catalogue is one click away."""
    write(run, [column("a", state="first run")], compared_with=())
    html = drift_section(run)
    assert "There is no finished run to compare with yet" in html
    assert 'href="catalog.html"' in html
    assert "<table>" not in html


def test_what_is_over_comes_first_and_hostile_values_stay_text(run):
    """The column over its limit, with what appeared in it, then those that moved, most first."""
    columns = [
        column("calm", 0.0),
        column("slow", 0.01),
        column("quick", 0.2),
        column("wild", 0.5, appeared=(HOSTILE,), null_share=0.02),
        column("fresh", state="new", last_run="", n_runs=0),
        column("changed", state="redefined", last_run="", n_runs=0),
    ]
    write(run, columns)
    html = drift_section(run)
    rows = [
        words(row) for row in re.findall(r"<tr>(.*?)</tr>", html[html.index("<tbody>") :], re.S)
    ]
    what = f"PSI 0.500 against run before, limit 0.25, with {HOSTILE!r} new"
    assert rows == [
        f"t.wild 0.500 0.250 0.500 2.0 % 0.0 % ✗ {what}",
        "t.quick 0.200 0.250 0.200 0.0 % 0.0 % within its limits",
        "t.slow 0.010 0.250 0.010 0.0 % 0.0 % within its limits",
    ]
    assert HOSTILE not in html
    assert "4 of 6 columns stand beside 1 finished run, the newest before. 1 over a limit." in (
        words(html)
    )
    assert "1 have a new definition and begin anew: t.changed. New: t.fresh." in words(html)
