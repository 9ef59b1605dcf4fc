"""The features gate: every table keeps the promises of its header, at every cutoff."""

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.features.snapshots import read_key
from pipelines.files import read_json
from pipelines.quality.features import check_features
from settings.project import var_directory
from tests.quality.made_run import begin_with_features, found_failures, stopped_by

NIGHT = "user/user_history as of 2018-01-01 00:00"


def damage(run, statement):
    """Runs one fixed statement on the night's tables."""
    with duckdb.connect(str(run.path("features.duckdb"))) as connection:
        connection.execute(statement)


def test_sound_tables_pass(inputs):
    """The table of the night and of both past cutoffs is measured, only the night's is kept."""
    run = begin_with_features(inputs)
    counts = check_features(run)
    record = read_json(run.path("quality", "features.json"))
    assert (record["success"], record["rows"]) == (True, {"user_history": 6})
    assert counts == {"expectations": 7, "measurements": 22, "tables": 3}


def test_broken_checks_of_a_header_stop_the_run(inputs):
    """Grain, not_null, between and values each fail, with table, column and row."""
    run = begin_with_features(inputs)
    damage(run, "insert into user_history select * from user_history where user_id = 'u1'")
    damage(run, "update user_history set user_id = null where user_id = 'u2'")
    damage(run, "update user_history set n_events = null where user_id = 'u3'")
    damage(run, "update user_history set n_events = 101 where user_id = 'u4'")
    damage(run, "update user_history set kind = 'robot' where user_id = 'u5'")
    message = stopped_by(check_features, run)
    assert found_failures(run, "features") == [
        ("not_null", f"{NIGHT}.user_id", 1),
        ("not_null", f"{NIGHT}.n_events", 1),
        ("between", f"{NIGHT}.n_events", 1),
        ("values", f"{NIGHT}.kind", 1),
        ("unique", f"{NIGHT}.(user_id)", 1),
    ]
    assert f"- between on {NIGHT}.n_events: found 1 rows (header: min 1.0, max 100.0)" in message
    assert [line.strip() for line in message.splitlines() if line.startswith("    {")] == [
        '{"user_id": null, "n_events": 5, "kind": "shopper"}',
        '{"user_id": "u3", "n_events": null, "kind": "shopper"}',
        '{"user_id": "u4", "n_events": 101, "kind": "shopper"}',
        '{"user_id": "u5", "n_events": 5, "kind": "robot"}',
        '{"user_id": "u1", "n_rows": 2}',
    ]


@pytest.mark.parametrize(
    ("statement", "expected", "shown"),
    [
        ("delete from user_history", ("has_rows", NIGHT, 0), "expected at least 1 rows"),
        (
            "alter table user_history rename column kind to sort",
            ("columns", NIGHT, 1),
            "found ['user_id', 'n_events', 'sort'], header ['user_id', 'n_events', 'kind']",
        ),
        ("drop table user_history", ("columns", NIGHT, 3), "features.duckdb has no such table"),
    ],
)
def test_a_table_that_is_not_there_stops_the_run(inputs, statement, expected, shown):
    """An empty table, other columns and a missing table fail instead of passing unmeasured."""
    run = begin_with_features(inputs)
    damage(run, statement)
    message = stopped_by(check_features, run)
    assert found_failures(run, "features") == [expected]
    assert shown in message


def test_past_cutoffs_are_judged_too(inputs):
    """A training table with one bad value stops the night, named with its cutoff."""
    run = begin_with_features(inputs)
    folder = var_directory(run.settings) / "snapshots" / "20171218T000000" / "user"
    (path,) = folder.glob("user_history-*.parquet")
    table = pq.read_table(path)
    bad = pa.array([0] * table.num_rows, table.schema.field("n_events").type)
    pq.write_table(table.set_column(1, "n_events", bad), path)
    assert read_key(path) is not None
    message = stopped_by(check_features, run)
    about = "user/user_history as of 2017-12-18 00:00.n_events"
    assert found_failures(run, "features") == [("between", about, 6)]
    assert f"between on {about}: found 6 rows" in message


def test_nan_is_within_no_bounds(inputs):
    """DuckDB ranks NaN above every number: a check with only a minimum has to refuse it."""
    run = begin_with_features(inputs)
    damage(run, "alter table user_history alter n_events type double")
    damage(run, "update user_history set n_events = 'nan' where user_id = 'u1'")
    stopped_by(check_features, run)
    assert found_failures(run, "features") == [("between", f"{NIGHT}.n_events", 1)]


def test_old_events_break_the_max_age_of_a_header(inputs):
    """The header's max_age limits the age of the newest event before as_of."""
    inputs.max_age = "11h"
    run = begin_with_features(inputs)
    message = stopped_by(check_features, run)
    assert found_failures(run, "features") == [("fresh_within_11h", "user/user_history", 12)]
    assert "newest events.event_at 2017-12-31 12:00:00" in message


def test_a_check_that_does_not_fit_its_column_names_the_file(inputs):
    """Bounds on a column of words cannot be evaluated: the error says in which file."""
    run = begin_with_features(inputs)
    damage(run, "alter table user_history alter n_events type varchar")
    damage(run, "update user_history set n_events = 'many' where user_id = 'u1'")
    message = stopped_by(check_features, run)
    assert "user/user_history.sql: the header's checks do not fit the table" in message
    assert "correct the checks" in message
