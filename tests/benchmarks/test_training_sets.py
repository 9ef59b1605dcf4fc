"""The benchmark beside Feast, with our own side and without a network."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import training_sets
from benchmarks.peers_runners.made_snapshots import Shape, make_job
from pipelines.training_sets import historical_features
from settings import load_settings
from tests.pipelines.training_sets.plain_join import join_plainly

SHAPE = Shape(rows=500, users=60, items=20, cutoffs=4)


def test_small_without_feast_still_reports(tmp_path, monkeypatch, capsys):
    """Our figures, why there are no others, and the JSON line last."""
    monkeypatch.setattr(training_sets, "SMALL", SHAPE)
    monkeypatch.setattr(training_sets, "SMALL_SECONDS", 0.0)
    training_sets.main(["--small", "--environments", str(tmp_path)])
    lines = capsys.readouterr().out.splitlines()
    result = json.loads(lines[-1])
    assert lines[-2].startswith("feast skipped: its environment was not ready within 0 s")
    assert (result["rows"], result["features"], result["cutoffs"]) == (500, 10, 4)
    assert {table: sum(states.values()) for table, states in result["states"].items()} == {
        "user_made": 500,
        "item_made": 500,
    }
    assert "ratio" not in result


def test_the_made_rows_are_the_same_for_both(tmp_path):
    """Feast's rule over its file and ours over the snapshots mean the same, row by row."""
    job = make_job(tmp_path, SHAPE, seed=1)
    spine = pq.read_table(job["spine"]).to_pylist()
    settings = load_settings(tmp_path / "nightshelf.toml", {})
    ours = historical_features(job["spine"], list(job["tables"]), settings=settings).table
    for table, made in job["tables"].items():
        rows, columns = pq.read_table(made["path"]).to_pylist(), list(made["columns"])
        by_entity = {}
        for row in rows:
            at = row["event_timestamp"].replace(tzinfo=None)
            values = tuple(row[column] for column in columns)
            by_entity.setdefault(row[made["entity"]], {})[at] = {(): values}
        limit = training_sets_limit(job)
        asked = [(row["moment"], by_entity.get(row[made["entity"]], {})) for row in spine]
        answers = [join_plainly([(at, ())], known, limit)[0][1] for at, known in asked]
        expected = [answer or (None,) * len(columns) for answer in answers]
        found = zip(*(ours[f"{table}.{c}"].to_pylist() for c in columns), strict=True)
        assert list(found) == expected


def training_sets_limit(job):
    """The age as a span."""
    return pa.scalar(int(job["max_age_s"]), pa.duration("s")).as_py()


def test_a_value_that_differs_is_counted():
    """Another number, a null on one side alone, and lost rows are differences."""
    tables = {"t": {"columns": {"n": "int64"}}}
    ours = pa.table({"row": [0, 1, 2, 3], "t.n": [1, None, 3, None]})
    shuffled = pa.table({"row": [3, 1, 0, 2], "t__n": [None, None, 1, 3]})
    other = pa.table({"row": [0, 1, 2, 3], "t__n": [1, 2, None, None]})
    found = [training_sets.compare_values(ours, t, tables) for t in (shuffled, other)]
    assert found == [
        {"cells": 4, "with_value": 2, "differing": 0},
        {"cells": 4, "with_value": 2, "differing": 2},
    ]
    assert training_sets.compare_values(ours, other.slice(1), tables)["differing"] == 4


def test_a_failing_peer_is_named_and_ours_goes_on(tmp_path):
    """The reason is the last line that its process wrote; without our figures nothing is said."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'OSError: no memory' >&2\nexit 3\n", encoding="utf-8")
    python.chmod(0o755)
    skipped = {}
    assert training_sets.run_in_turns({"feast": python}, tmp_path, 2, skipped) == {}
    assert skipped == {"feast": "ended with code 3: OSError: no memory"}
    with pytest.raises(training_sets.RunnerFailedError, match="ended with code 3: OSError"):
        training_sets.run_in_turns({"nightshelf": python}, tmp_path, 1, {})
