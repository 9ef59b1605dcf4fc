"""What SQL that people edit can reach, and for how long it may run."""

import time

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.features.sandbox import interrupting_after, lock_sandbox, open_sandbox
from pipelines.features.settings import FeatureSettings


@pytest.fixture
def sandbox(tmp_path):
    """A locked sandbox that may read one folder with one Parquet file, and its neighbour file."""
    readable = tmp_path / "lake"
    readable.mkdir()
    for folder in (readable, tmp_path):
        pq.write_table(pa.table({"n": [1]}), folder / "a.parquet")
    settings = FeatureSettings(memory_limit="200MB")
    with open_sandbox(settings, readable=[readable], scratch=tmp_path / "s") as connection:
        lock_sandbox(connection)
        yield connection


def test_the_lake_can_be_read(sandbox, tmp_path):
    """Parquet below a readable folder is open."""
    assert sandbox.read_parquet(str(tmp_path / "lake" / "a.parquet")).fetchall() == [(1,)]


@pytest.mark.parametrize("path", ["a.parquet", "lake/../a.parquet", "s/../a.parquet"])
def test_nothing_beside_the_lake_can_be_read(sandbox, tmp_path, path):
    """A file outside of the readable folders is closed, by whatever way it is named."""
    with pytest.raises(duckdb.PermissionException):
        sandbox.read_parquet(f"{tmp_path}/{path}").fetchall()


@pytest.mark.parametrize(
    "statement",
    [
        "from '/etc/passwd.csv'",
        "from read_csv('/proc/self/environ')",
        "from read_text('/etc/hostname')",
        "from glob('/etc/*')",
        "copy (select 1) to '/etc/x.csv'",
        "attach '/etc/x.duckdb'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "set threads = 8",
        "set lock_configuration = false",
        "set allowed_directories = ['/']",
        "reset memory_limit",
    ],
)
def test_a_locked_sandbox_cannot_be_left(sandbox, statement):
    """Files, databases, extensions and settings stay out of reach."""
    with pytest.raises((duckdb.PermissionException, duckdb.InvalidInputException)):
        sandbox.execute(statement).fetchall()


def test_a_query_uses_one_thread_and_the_memory_it_is_given(sandbox):
    """One thread keeps sums of doubles and row order the same every night."""
    found = sandbox.execute("select current_setting('threads')").fetchall()
    assert found == [(1,)]
    limit = sandbox.execute("select current_setting('memory_limit')").fetchall()[0][0]
    assert limit.startswith("190.7")  # 200 MB in MiB


def test_hours_do_not_depend_on_the_machine(sandbox):
    """A moment with a time zone has the hour of UTC, wherever the night runs."""
    query = "select current_setting('TimeZone'), hour(to_timestamp(0))"
    assert sandbox.execute(query).fetchall() == [("UTC", 0)]


def test_an_endless_join_is_interrupted(sandbox):
    """A cross join that would run for days stops after the time it is given."""
    endless = "select sum(a.range * b.range) from range(9000000) a, range(9000000) b"
    started = time.monotonic()
    with (
        interrupting_after(sandbox, 0.3) as timer,
        pytest.raises(duckdb.InterruptException),
    ):
        sandbox.execute(endless).fetchall()
    assert timer["expired"]
    assert time.monotonic() - started < 20


def test_a_quick_query_is_left_alone(sandbox):
    """The timer ends with the block: a later query is not interrupted."""
    with interrupting_after(sandbox, 0.05) as timer:
        assert sandbox.execute("select 1").fetchall() == [(1,)]
    time.sleep(0.1)
    assert sandbox.execute("select 2").fetchall() == [(2,)]
    assert timer == {"expired": False}
