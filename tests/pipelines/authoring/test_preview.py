"""`features preview` runs one file on the lake and says what its rows look like."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from pipelines.__main__ import main
from pipelines.authoring.preview import ColumnPreview, preview_file
from pipelines.authoring.workbench import open_workbench
from pipelines.features.database import feature_table, open_features
from pipelines.features.problems import SqlFileError
from pipelines.features.sql_file import GRAINS
from pipelines.inputs import run_cutoffs
from pipelines.lake import LakeError
from settings import load_settings
from tests.night_fixtures import open_shop
from tests.pipelines.features.sql_text import HEADER, write_folder, write_sql


@pytest.fixture
def bench(finished_night):
    return open_workbench(finished_night.settings)


@pytest.mark.parametrize("name", ["user_history", "user_item_rank", "user_segment", "purchased"])
def test_the_rows_are_those_of_the_night(finished_night, bench, name):
    """At a cutoff of the night: as many rows as its table, the first ones the same."""
    cutoff = run_cutoffs(finished_night).evaluation
    found = preview_file(bench, name, as_of=cutoff)
    with open_features(finished_night) as connection:
        table = feature_table(connection, finished_night, name, cutoff).to_arrow_table()
    assert (found.n_rows, found.broken, found.left_out) == (table.num_rows, [], [])
    assert found.rows == table.slice(0, 5).to_pylist()
    assert [column.name for column in found.columns] == table.column_names


def test_a_sample_sees_some_users(bench):
    """All their events, computed anew with what the file reads; nobody else's."""
    whole = preview_file(bench, "user_item_rank")
    part = preview_file(bench, "user_item_rank", sample=0.3)
    assert 0 < part.n_rows < whole.n_rows / 2


def test_a_moment_after_that_of_the_settings_sees_what_came_until_then(bench):
    """Not the events before the settings' moment alone, under the later moment's name."""
    earlier = replace(bench, as_of=bench.as_of - timedelta(days=14))
    found = preview_file(earlier, "user_history", as_of=bench.as_of)
    expected = preview_file(bench, "user_history")
    assert (found.as_of, found.n_rows, found.rows) == (bench.as_of, expected.n_rows, expected.rows)


def test_a_label_is_seen_where_its_window_is_over(bench):
    """By default at the newest such moment; a later one is refused with the reason."""
    assert preview_file(bench, "purchased").as_of == bench.newest_labelled
    with pytest.raises(
        SqlFileError, match=r"purchased: its window ends 2024-05-13, after the lake"
    ):
        preview_file(bench, "purchased", as_of=bench.as_of)


def test_columns_are_summed_up(tmp_path, finished_night):
    """Quantiles of numbers, the most frequent of everything else, and the share of nulls."""
    query = (
        "select segment as user_id, count(*) filter (segment = 'families') as n_events\n"
        "from users\ngroup by segment\nunion all\nselect 'families' as user_id, null as n_events\n"
    )
    folder = write_folder(tmp_path, {"user/odd": query})
    variables = {"NIGHTSHELF__FEATURES__DIRECTORY": str(folder)}
    settings = open_shop(finished_night.settings.path.parent, variables)
    found = preview_file(open_workbench(settings), "odd", with_plan=True)
    assert found.n_rows == 5
    assert [line.split(";")[0] for line in found.broken] == [
        "check not_null of user_id fails: 1 row, such as user_id = None, n_events = 0",
        "check unique of (user_id) fails: 1 row, such as user_id = families, n_rows = 2",
    ]
    assert found.columns == [
        ColumnPreview("user_id", "VARCHAR", 0.2, "families × 2, retired × 1, students × 1"),
        ColumnPreview("n_events", "BIGINT", 0.2, "0 … 0 … 0 … 4 … 16"),
    ]
    assert "Union" in found.plan


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        ("interval 3 day", "INTERVAL", timedelta(days=3)),
        ("map {'a': 1}", "MAP(VARCHAR, INTEGER)", {"a": 1}),
        ("[1.5]::decimal(3, 1)[]", "DECIMAL(3,1)[]", [Decimal("1.5")]),
        ("timestamp 'infinity'", "TIMESTAMP", datetime.max),
    ],
)
def test_what_is_no_number_is_shown_all_the_same(tmp_path, finished_night, value, kind, shown):
    """Types with a number in their name, and moments that Arrow has no Python value for."""
    folder = write_folder(tmp_path, {"user/odd": f"select 'a' as user_id, {value} as n_events"})
    variables = {"NIGHTSHELF__FEATURES__DIRECTORY": str(folder)}
    settings = open_shop(finished_night.settings.path.parent, variables)
    found = preview_file(open_workbench(settings), "odd")
    assert found.rows == [{"user_id": "a", "n_events": shown}]
    assert (found.columns[1].kind, found.columns[1].null_share) == (kind, 0.0)
    assert found.columns[1].spread.endswith(" × 1")


def test_an_endless_file_is_stopped(tmp_path, finished_night):
    """After the time that the settings allow, with the name of the file."""
    query = "select a.user_id, sum(b.range * c.range) as n_events from users a, "
    query += "range(9000000) b, range(9000000) c group by a.user_id"
    folder = write_folder(tmp_path, {"user/endless": query})
    variables = {
        "NIGHTSHELF__FEATURES__DIRECTORY": str(folder),
        "NIGHTSHELF__FEATURES__TIMEOUT_S": "1",
    }
    settings = open_shop(finished_night.settings.path.parent, variables)
    with pytest.raises(SqlFileError, match=r"endless\.sql:1: stopped after \[features\] timeout_s"):
        preview_file(open_workbench(settings), "endless")


def test_the_command_prints_a_page(finished_night, capsys):
    """Path, moment, rows, a line a column, the first rows."""
    options = ["features", "preview", "user_segment", "--as-of", "2024-04-29"]
    assert main(["--settings", str(finished_night.settings.path), *options]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("feature_sql/user/user_segment.sql")
    assert lines[1].startswith("as of 2024-04-29 00:00: 60 rows in 0.")
    assert lines[2] == "column   type     nulls  min … quartiles … max, or most frequent"
    assert lines[3] == "user_id  VARCHAR  0.0%   u000 × 1, u001 × 1, u002 × 1"
    assert lines[5].startswith("  user_id = u000, segment = ")
    assert len(lines) == 10


@pytest.mark.parametrize(
    ("header", "options", "printed", "code"),
    [
        (
            HEADER,
            [],
            ["check unique of (user_id) fails: 59 rows, such as user_id = ann"],
            1,
        ),
        (
            HEADER.replace("[user_id]", "[n_events]").replace(
                "checks: []", "checks: [{between: {column: n_events, min: 3, max: 50}}]"
            ),
            [],
            ["check between of n_events fails: 12 rows, smallest 1, largest 60; header: min 3.0, "],
            1,
        ),
        (
            HEADER.replace("[user_id]", "[n_events]").replace(
                "checks: []", "checks: [{between: {column: n_events, min: 3, max: 50}}]"
            ),
            ["--sample", "0.5"],
            ["on a sample the bounds of n_events are not checked"],
            0,
        ),
        (HEADER.replace("[user_id]", "[n_events]"), [], [], 0),
    ],
)
def test_the_headers_checks_are_made(
    tmp_path, finished_night, monkeypatch, capsys, header, options, printed, code
):
    """A table that the gate would refuse ends the command with 1, after its rows."""
    query = "select 'ann' as user_id, row_number() over (order by user_id) as n_events from users"
    write_sql(tmp_path, "user/odd", header + query)
    monkeypatch.setenv("NIGHTSHELF__FEATURES__DIRECTORY", str(tmp_path))
    settings = str(finished_night.settings.path)
    assert main(["--settings", settings, "features", "preview", "odd", *options]) == code
    found = capsys.readouterr()
    lines = [line for line in found.out.splitlines() if line.startswith(("check", "on a sample"))]
    assert [line[: len(want)] for line, want in zip(lines, printed, strict=True)] == printed
    wanted = f"error: {tmp_path}/user/odd.sql:8: 1 check of the header would stop a night; corr"
    assert found.err.startswith(wanted) == bool(code)


def test_a_table_that_is_not_there_has_near_names(bench):
    """At most three of them; without one all names, sorted by folder."""
    with pytest.raises(SqlFileError, match=r"user_histor: no table .*; did you mean user_history"):
        preview_file(bench, "user_histor")
    with pytest.raises(SqlFileError) as caught:
        preview_file(bench, "nope")
    first, *listed = str(caught.value).splitlines()
    assert first == "nope: no table of the folder; there are"
    assert [line.strip().split("/:")[0] for line in listed] == [*GRAINS]
    names = listed[0].split(": ")[1].split(", ")
    assert names == sorted(names)
    assert "user_history" in names


@pytest.mark.parametrize("share", ["0", "1.5", "half"])
def test_a_share_is_above_zero_and_at_most_one(finished_night, capsys, share):
    """Anything else is refused by the command line."""
    options = ["features", "preview", "user_segment", "--sample", share]
    with pytest.raises(SystemExit):
        main(["--settings", str(finished_night.settings.path), *options])
    assert f"'{share}' is no share; expected a number like 0.05" in capsys.readouterr().err


def test_without_a_lake_there_is_nothing_to_preview(tmp_path):
    """The message says which command fills it."""
    write_folder(
        tmp_path / "feature_sql", {"user/visits": "select user_id, 1 as n_events from users"}
    )
    (tmp_path / "nightshelf.toml").write_text("", encoding="utf-8")
    with pytest.raises(LakeError, match="python -m pipelines ingest"):
        open_workbench(load_settings(tmp_path / "nightshelf.toml", {}))
