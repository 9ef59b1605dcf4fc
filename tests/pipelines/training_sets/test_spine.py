"""What may be a spine, and what is said of one that may not."""

import logging
from datetime import date, datetime

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.training_sets.spine import SpineError, read_spine

MOMENTS = [datetime(2024, 7, 1, 12), datetime(2024, 1, 1)]
TABLE = pa.table({"user_id": ["ann", "bob"], "at": pa.array(MOMENTS, pa.timestamp("us"))})


def moments_of(column):
    return read_spine(pa.table({"at": column}), "at").moments.to_pylist()


def test_a_table_a_file_and_a_relation_are_the_same_spine(tmp_path):
    """Whatever it comes as, rows and columns are those that were given."""
    path = tmp_path / "spine.parquet"
    pq.write_table(TABLE, path)
    with duckdb.connect() as connection:
        sources = [TABLE, path, str(path), connection.from_arrow(TABLE)]
        spines = [read_spine(source, "at") for source in sources]
    assert [spine.table.to_pylist() for spine in spines] == [TABLE.to_pylist()] * 4
    assert [spine.moments.to_pylist() for spine in spines] == [MOMENTS] * 4


def test_moments_with_a_zone_become_utc_and_it_is_said(caplog):
    """13:00 in London in July is 12:00 UTC."""
    zoned = pa.array(MOMENTS, pa.timestamp("ms", "Europe/London"))  # stored as UTC
    with caplog.at_level(logging.INFO, logger="nightshelf"):
        assert moments_of(zoned) == MOMENTS
    assert caplog.messages == ["spine: at has the time zone Europe/London and was turned into UTC"]


def test_a_nanosecond_is_never_rounded_up():
    """The last nanosecond before midnight must not see the snapshot of midnight."""
    last = pa.array([1_704_067_199_999_999_999], pa.timestamp("ns"))
    assert moments_of(last) == [datetime(2023, 12, 31, 23, 59, 59, 999_999)]


def test_a_date_is_its_first_moment():
    """Which sees nothing of that day."""
    assert moments_of(pa.array([date(2024, 1, 1)])) == [datetime(2024, 1, 1)]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (TABLE.rename_columns(["user_id", "then"]), r"no column at; .*, one of: then$"),
        (TABLE.drop_columns(["at"]), r"no column at; .*: none of its columns is a timestamp$"),
        (pa.table({"at": ["2024-01-01"]}), r"column at is of type string; expected timestamps"),
        (pa.table({"at": [1_704_067_200]}), r"column at is of type int64; expected timestamps"),
        (
            pa.table({"at": pa.array([MOMENTS[0], None, None], pa.timestamp("us"))}),
            r"column at is null in 2 of 3 rows, first in row 1; a row without a moment",
        ),
        (
            pa.table([[1], [2]], names=["n", "n"]),
            r"several columns called n; rename all but one",
        ),
    ],
    ids=["named otherwise", "no moment", "text", "number", "null", "doubled column"],
)
def test_what_is_no_spine_is_refused(table, message):
    """The message names the column, what was found and what to do."""
    with pytest.raises(SpineError, match=message):
        read_spine(table, "at")


def test_a_csv_is_a_spine(tmp_path):
    """Ids keep their zeros, moments with a zone become UTC, other columns are what they look."""
    path = tmp_path / "spine.csv"
    path.write_text(
        "user_id,at,spent\n007,2024-07-01 12:00:00,1.5\n8,2024-01-01T02:00:00+02:00,2\n"
    )
    spine = read_spine(path, "at")
    assert spine.moments.to_pylist() == MOMENTS
    assert spine.table.drop_columns(["at"]).to_pylist() == [
        {"user_id": "007", "spent": 1.5},
        {"user_id": "8", "spent": 2.0},
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "spine.csv: cannot be read as CSV: .*No files found"),
        ("user_id,at\n1,yesterday\n", "expected a first line of names, and moments like 2017-"),
        ("user_id,when\n1,2024-01-01 00:00:00\n", "no column at; .*, one of: when$"),
    ],
)
def test_a_csv_that_is_no_spine_is_refused(tmp_path, content, message):
    """The file and what was expected of it; another name of the column is suggested."""
    path = tmp_path / "spine.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SpineError, match=message):
        read_spine(str(path), "at")


@pytest.mark.parametrize("content", [None, b"", b"user_id,at\n"], ids=["absent", "empty", "CSV"])
def test_what_is_no_parquet_is_refused(tmp_path, content):
    """The file is named, and what may be given instead."""
    path = tmp_path / "spine.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SpineError, match=r"spine\.parquet: cannot be read as Parquet"):
        read_spine(path, "at")
