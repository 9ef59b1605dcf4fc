"""Measuring from the command line and from the DAG."""

import shlex
from datetime import datetime

import duckdb
import pytest

from pipelines import measure_tasks
from pipelines.__main__ import main
from pipelines.collected import Collected
from pipelines.measure.kept import measured_days
from pipelines.measure.material import find_material, load_material
from pipelines.measure.span import span_of
from pipelines.orders import OrderError
from tests.docs.pages import shell_lines
from tests.pipelines.measure.site import DAY, HOUR, MONDAY, Site

NINE = MONDAY + 9 * HOUR


@pytest.fixture
def shown(tmp_path, monkeypatch):
    """A shop with lists on four days, with one between on which nothing was shown."""
    site = Site(tmp_path)
    for day in (0, 1, 3, 4):
        site.show("u", "ab", NINE + day * DAY)
    site.land()
    monkeypatch.setenv("NIGHTSHELF_SETTINGS", str(site.settings.path))
    return site


def days_of(site):
    """The days of March that were measured."""
    return [one.day.day for one in measured_days(site.settings)]


def test_measure_prints_days_verdicts_and_the_page(shown, capsys):
    """All that is new, then nothing; the newest whole day beside its targets."""
    assert main(["measure"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "measured: 2026-03-02, 2026-03-03, 2026-03-05, 2026-03-06"
    assert lines[1] == "  CTR 0.0 % (0.0–65.8 %), target 5.0 %: undecided"
    assert lines[-1] == f"  {shown.settings.path.parent / 'var/shop/measures/report.html'}"
    assert main(["measure"]) == 0
    assert capsys.readouterr().out.startswith("measured: nothing new\n")


def test_measure_before_anything_was_shown(site, monkeypatch, capsys):
    """Says that there is no impression, and what brings some: 'nothing new' would sound well."""
    monkeypatch.setenv("NIGHTSHELF_SETTINGS", str(site.settings.path))
    assert main(["measure"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("measured: nothing, since no impression was collected yet; ")
    assert said.endswith("`python -m pipelines collect`\n")


def test_accepted_has_a_type_that_there_is_not(shown, capsys):
    """A typing error in the settings is named, where it would count nothing for ever."""
    path = shown.settings.path
    path.write_text(path.read_text() + '[measure]\naccepted = ["clik"]\n', encoding="utf-8")
    assert main(["measure"]) == 1
    assert (
        "measure.accepted: found clik; expected types of [events] weights"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--day", "2026-03-03"], [3]),
        (["--from", "2026-03-03", "--to", "2026-03-05"], [3, 5]),
        (["--from", "2026-03-05"], [5, 6]),
        (["--to", "2026-03-03"], [2, 3]),
    ],
)
def test_days_that_are_named(shown, arguments, expected):
    """One, a span, or up to the newest; days without lists in between are passed over."""
    assert main(["measure", *arguments]) == 0
    assert days_of(shown) == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--day", "2026-03-04"], "nothing was shown from 2026-03-04 to 2026-03-04; lists were"),
        (["--from", "2026-03-05", "--to", "2026-03-03"], "nothing was shown from 2026-03-05 to"),
        (["--day", "2026-03-03", "--to", "2026-03-05"], "--day goes with neither --from nor --to"),
    ],
)
def test_days_that_cannot_be_measured(shown, arguments, message, capsys):
    """An error with what is there, and nothing is written."""
    assert main(["measure", *arguments]) == 1
    assert message in capsys.readouterr().err
    assert days_of(shown) == []


def test_the_commands_of_the_page_run(shown):
    """Each line of the cookbook, on a shop that showed lists on those days."""
    lines = [line for page, line in shell_lines() if page == "docs/cookbook/does-it-work.md"]
    assert [main(shlex.split(line)[3:]) for line in lines] == [0, 0, 0]


def test_the_dag_measures_up_to_the_day_before_it(shown):
    """Its own day still runs; by its moment the day before is whole."""
    verdicts = measure_tasks.measure({"first": None, "last": None}, {}, datetime(2026, 3, 5, 4))
    assert days_of(shown) == [2, 3]
    assert verdicts == {"CTR": "undecided", "Acceptance": "undecided", "Coverage": "undecided"}


def test_the_dag_takes_days_from_its_form(shown):
    """As the command line; what is no day is refused by its name."""
    measure_tasks.measure({"first": "2026-03-03", "last": ""}, {}, datetime(2026, 3, 9))
    assert days_of(shown) == [3, 5, 6]
    with pytest.raises(OrderError, match="field first = '3 March': '3 March' is no day"):
        measure_tasks.measure({"first": "3 March", "last": None}, {}, datetime(2026, 3, 9))
    with pytest.raises(OrderError, match="unknown field day"):
        measure_tasks.measure({"first": None, "last": None}, {"day": "x"}, datetime(2026, 3, 9))


def test_segments_are_those_of_the_newest_night(finished_night):
    """Of nights up to the end of the day; before the first night nobody has one."""
    settings, nothing = finished_night.settings, Collected(finished_night.directory, {})
    for day, segments_of in ((finished_night.as_of, finished_night.name),
                             (finished_night.as_of - 2 * DAY, None)):  # fmt: skip
        span = span_of(day.date())
        material = find_material(settings, nothing, span)
        with duckdb.connect() as connection:
            load_material(connection, settings, material, span)
            rows = connection.execute("select segment from segments").fetchall()
            n_items = connection.execute("select count(*) from catalogue where is_live").fetchone()
        assert material.segments_of == segments_of
        assert bool({"families", "students", "retired"} <= {row[0] for row in rows}) == bool(
            segments_of
        )
        assert n_items[0] > 0
