"""Backfill: tables of past weeks that no night has, found by training sets, kept until let go."""

import os
import shutil
from datetime import datetime, timedelta

import duckdb
import pytest

from pipelines import backfill_tasks
from pipelines.__main__ import main
from pipelines.features.backfill import BackfillError, backfill, weekly_cutoffs
from pipelines.features.build import build_features
from pipelines.features.kept_backfills import read_backfills
from pipelines.features.problems import SqlFileError
from pipelines.inputs import run_cutoffs
from pipelines.night import begin_night
from pipelines.orders import OrderError
from pipelines.retention import remove_old_runs
from pipelines.runs import FINISHED, do_once, open_run
from pipelines.training_sets import SpineError, historical_features
from settings.project import var_directory
from tests.night_fixtures import SHOP_AS_OF, make_shop, open_shop
from tests.pipelines.features.sql_text import BODY, HEADER, write_folder, write_sql

WEEK = timedelta(days=7)
LABEL = (
    "select user_id, count(*) as n_events from events"
    " where event_at >= $as_of and event_at < $until group by user_id"
)
FILES = {
    "user/visits": BODY,
    "user/above": "select user_id, n_events from visits where n_events > 2",
    "label/again": LABEL,
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of a small shop, with features and nothing else."""
    folder = tmp_path_factory.mktemp("backfill") / "shop"
    make_shop(folder, users=10, items=12, weeks=8)
    write_folder(folder / "sql", FILES)
    run = begin_night(open_small_shop(folder))
    build_features(run)
    do_once(run, FINISHED, lambda run: {})
    return run


@pytest.fixture
def run(finished, tmp_path):
    """The finished run in a copy of its shop."""
    shutil.copytree(finished.settings.path.parent, tmp_path, dirs_exist_ok=True)
    return open_run(open_small_shop(tmp_path), finished.name)


def open_small_shop(folder):
    return open_shop(folder, {"NIGHTSHELF__FEATURES__DIRECTORY": str(folder / "sql")})


def spine_of(moments):
    """A row for u001 at each moment."""
    query = "select 'u001' as user_id, unnest($moments) as moment"
    return duckdb.sql(query, params={"moments": moments}).to_arrow_table()


def test_weeks_are_counted_on_the_grid(run):
    """Mondays from a day to a day, both included, or the last ones; never beyond the run."""
    mondays = [SHOP_AS_OF - k * WEEK for k in (2, 1, 0)]
    assert weekly_cutoffs(run, oldest=mondays[0] - timedelta(days=2)) == mondays
    assert weekly_cutoffs(run, oldest=mondays[0], newest=mondays[1]) == mondays[:2]
    assert weekly_cutoffs(run, cutoffs=2, newest=datetime(2030, 1, 1)) == mondays[1:]
    assert len(weekly_cutoffs(run, cutoffs=99)) == 8
    with pytest.raises(BackfillError) as caught:
        weekly_cutoffs(run, oldest=SHOP_AS_OF + timedelta(days=1), newest=datetime(2024, 6, 1))
    assert str(caught.value) == (
        "no weekly cutoff (Monday, 00:00 UTC) from 2024-05-07 00:00 to 2024-06-01 00:00; events of "
        f"run {run.name} are from 2024-03-11 to its moment, 2024-05-06; its cutoffs are from "
        "2024-03-18 to 2024-05-06"
    )
    with pytest.raises(BackfillError, match=r"UTC\) to 2020-01-01 00:00; events of run"):
        weekly_cutoffs(run, cutoffs=3, newest=datetime(2020, 1, 1))


def test_a_new_table_is_built_where_it_is_missing(run, tmp_path):
    """Each cutoff once, a label only where its window is over; the run itself stays as it was."""
    write_folder(tmp_path / "sql", {"user/often": BODY.replace("count(*)", "2 * count(*)")})
    before = sorted(path.name for path in run.directory.iterdir())
    cutoffs = weekly_cutoffs(run, cutoffs=4)
    found = backfill(run, ["often", "visits", "again"], cutoffs)
    at_night = [moment for moment in run_cutoffs(run).all if moment in cutoffs]
    others = [moment for moment in cutoffs if moment not in at_night]
    assert found.built == {
        "often": cutoffs,
        **({"visits": others} if others else {}),
        **({"again": others} if others else {}),
    }
    assert found.there["visits"] == sorted(at_night)
    assert found.too_new == {"again": [SHOP_AS_OF]}
    again = backfill(run, ["often"], cutoffs)
    assert (again.built, again.there) == ({}, {"often": cutoffs})
    assert sorted(path.name for path in run.directory.iterdir()) == before


def test_a_training_set_finds_what_was_backfilled(run, tmp_path, monkeypatch):
    """Before it there is no snapshot, and the message names the command that makes one."""
    write_folder(tmp_path / "sql", {"user/often": BODY.replace("count(*)", "2 * count(*)")})
    cutoffs = weekly_cutoffs(run, cutoffs=5)
    spine = spine_of(cutoffs)
    with pytest.raises(SpineError, match="build some with") as caught:
        historical_features(spine, ["often"], settings=run.settings)
    command = str(caught.value).split("`")[1]
    assert command == f"python -m pipelines features backfill often --cutoffs 12 --run {run.name}"
    monkeypatch.setenv("NIGHTSHELF__FEATURES__DIRECTORY", str(tmp_path / "sql"))
    assert main(["--settings", str(run.settings.path), *command.split()[3:]]) == 0
    backfill(run, ["visits"], cutoffs)
    table = historical_features(
        spine, ["often", "visits"], max_age="any", settings=run.settings
    ).table
    doubled = [2 * n for n in table["visits.n_events"].to_pylist()]
    assert (table["often.n_events"].to_pylist(), len(set(doubled)) > 1) == (doubled, True)


def test_a_backfill_stays_until_it_is_let_go(run, capsys):
    """The retention spares it at any age; once let go, it is as unused as it looks."""
    settings = run.settings
    oldest = weekly_cutoffs(run, cutoffs=99)[:1]
    backfill(run, ["visits"], oldest)
    directory = var_directory(settings) / "snapshots"
    (name,) = read_backfills(directory)
    os.utime(directory / name, (0, 0))
    remove_old_runs(settings, [])
    assert (directory / name).exists()
    arguments = ["--settings", str(settings.path), "features", "backfill", "visits", "--remove"]
    assert main(arguments) == 0
    assert capsys.readouterr().out.startswith("1 backfilled snapshots let go")
    os.utime(directory / name, (0, 0))
    remove_old_runs(settings, [])
    assert not (directory / name).exists()


def test_what_is_built_again_takes_the_place_of_the_old(run, tmp_path):
    """An edited file's backfill is listed once a cutoff: no pile of old rows."""
    cutoffs = weekly_cutoffs(run, cutoffs=99)[:2]
    backfill(run, ["visits"], cutoffs)
    directory = var_directory(run.settings) / "snapshots"
    first = read_backfills(directory)
    write_folder(tmp_path / "sql", {"user/visits": BODY.replace("count(*)", "2 * count(*)")})
    backfill(run, ["visits"], cutoffs)
    second = read_backfills(directory)
    assert (len(first), len(second), set(first) & set(second)) == (2, 2, set())


def test_a_table_that_fails_is_named_and_the_rest_stays(run, tmp_path):
    """Unknown names list the known ones; SQL that fails at run time keeps nothing torn."""
    with pytest.raises(BackfillError, match=r"no table vists; did you mean visits\?"):
        backfill(run, ["vists"], weekly_cutoffs(run, cutoffs=1))
    query = "select cast(user_id as integer) as user_id, 1 as n_events from users"
    write_sql(tmp_path / "sql", "user/failing", HEADER + query)
    with pytest.raises(SqlFileError, match=r"failing\.sql: fails at cutoff"):
        backfill(run, ["failing"], weekly_cutoffs(run, cutoffs=1))
    assert read_backfills(var_directory(run.settings) / "snapshots") == []


def test_the_command_counts_what_it_did(run, capsys, monkeypatch):
    """One line a table one on the whole, one a cutoff for a log; no cutoffs are refused."""
    monkeypatch.setenv("NIGHTSHELF__FEATURES__DIRECTORY", str(run.settings.path.parent / "sql"))
    command = ["--settings", str(run.settings.path), "features", "backfill", "visits", "again"]
    assert main([*command, "--from", "2024-03-18", "--to", "2024-05-06"]) == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    mondays = [SHOP_AS_OF - k * WEEK for k in range(7, -1, -1)]
    assert printed.err.splitlines() == [
        f"backfill: {monday:%Y-%m-%d} done, {n} of 8" for n, monday in enumerate(mondays, start=1)
    ]
    at_night = len(run_cutoffs(run).all)
    assert lines == [
        f"visits: {8 - at_night} built, {at_night} there already",
        f"again: {8 - at_night} built, {at_night - 1} there already, 1 not known yet",
        f"8 cutoffs 2024-03-18 … 2024-05-06, data of run {run.name}",
    ]
    assert main(command) == 1
    assert "--cutoffs 12" in capsys.readouterr().err


def test_the_form_of_airflow_does_the_same(run, monkeypatch):
    """Its fields are checked again; the answer counts what was built."""
    monkeypatch.setenv("NIGHTSHELF_SETTINGS", str(run.settings.path))
    monkeypatch.setenv("NIGHTSHELF__FEATURES__DIRECTORY", str(run.settings.path.parent / "sql"))
    form = {"tables": ["visits"], "cutoffs": 99, "newest": None, "run": None}
    built = backfill_tasks.backfill_features(form, {})
    assert built == {"visits": 8 - len(run_cutoffs(run).all)}
    with pytest.raises(OrderError, match="field tables = "):
        backfill_tasks.backfill_features(form, {"tables": []})
