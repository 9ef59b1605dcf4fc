"""Problems of public data: the test part comes last, windows lie in time, answers add up."""

import gzip
import json
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.ranking_quality import blend, pairs, recipe
from benchmarks.ranking_quality.made_pairs import write_made_pairs
from benchmarks.ranking_quality.pairs import DataError, hold_out, read_pairs, read_split
from benchmarks.ranking_quality.problem import truth_of, without
from benchmarks.ranking_quality.solve import solve
from benchmarks.ranking_quality.timed import HORIZON, TimedEvents


@pytest.fixture
def folder(tmp_path):
    """Made pairs in the format of the splits."""
    write_made_pairs(tmp_path)
    return tmp_path


def test_pairs_are_read_line_by_line(tmp_path):
    """A user's number, then items; a user without items has no pair."""
    with gzip.open(tmp_path / "train.txt.gz", "wt") as file:
        file.write("0 5 7\n1\n2 5\n")
    users, items = read_pairs(tmp_path / "train.txt.gz")
    assert (users.tolist(), items.tolist()) == ([0, 0, 2], [5, 7, 5])


@pytest.mark.parametrize("content", ["0 1\n1 two\n", "0 1\n\n"])
def test_a_strange_line_is_named(tmp_path, content):
    """The error says file and line."""
    with gzip.open(tmp_path / "train.txt.gz", "wt") as file:
        file.write(content)
    with pytest.raises(DataError, match=r"train.txt.gz, line 2: .*expected numbers"):
        read_pairs(tmp_path / "train.txt.gz")


def test_a_missing_file_says_what_to_put_there(tmp_path):
    """So does one that is no gzip."""
    with pytest.raises(DataError, match=r"put train.txt.gz and test.txt.gz there"):
        read_split(tmp_path, {})
    (tmp_path / "train.txt.gz").write_bytes(b"plain")
    with pytest.raises(DataError, match=r"put train.txt.gz and test.txt.gz there"):
        read_split(tmp_path, {})


def test_what_is_held_out_is_not_known(folder):
    """A slice and what is known beside it make up the training part, and repeat."""
    users, items = read_pairs(folder / "train.txt.gz")
    shape = (int(users.max()) + 1, int(items.max()) + 1)
    first, again, other = (hold_out(users, items, shape, number) for number in (0, 0, 1))
    whole = truth_of(users, items, shape)
    assert (first.past.interactions.matrix + first.truth != whole).nnz == 0
    assert (first.truth != again.truth).nnz == 0
    assert (first.truth != other.truth).nnz > 0


def test_without_leaves_out_what_was_seen():
    """Only pairs that the user did not have stay."""
    truth = truth_of(np.array([0, 0, 1]), np.array([1, 2, 1]), (2, 3))
    seen = truth_of(np.array([0, 1]), np.array([1, 0]), (2, 3))
    assert without(truth, seen).toarray().tolist() == [[0, 0, 1], [0, 1, 0]]


def test_windows_end_before_the_cutoff_and_hold_new_pairs_only():
    """A slice knows nothing of its window; the window has no event at or after the cutoff."""
    cutoff = datetime(2020, 6, 1)
    days = np.arange(150)
    events = TimedEvents(
        users=(days % 5).astype(np.int32),
        items=(days % 7).astype(np.int32),
        moments=(np.datetime64(cutoff, "s") + (days - 140).astype("timedelta64[D]")),
        n_users=5,
        n_items=7,
        catalogue=pa.table({"item_id": [str(i) for i in range(7)]}),
    )
    slices = events.slices(cutoff)
    assert len(slices) == 4
    newest = slices[0]
    ages = newest.past.interactions.age_days
    assert ages.min() > 0
    assert len(ages) == 140 - HORIZON.days
    assert newest.truth.multiply(newest.seen > 0).nnz == 0
    late = replace(events, moments=events.moments + np.timedelta64(400, "D"))
    assert late.new_between(cutoff - timedelta(days=1), cutoff).nnz == 0


def test_the_test_part_is_read_once_and_last(folder, monkeypatch):
    """Everything is fitted before; the answer has a table and a JSON line."""
    monkeypatch.setattr(pairs, "MAX_SLICES", 1)
    monkeypatch.setattr(recipe, "MAX_TRIALS", 2)
    monkeypatch.setattr(blend, "THREADS", 1)
    few_trees = recipe.FEW.model_copy(update={"trees": 20, "leaves": 7})
    monkeypatch.setattr(recipe, "FEW", few_trees)
    problem = read_split(folder, {"somebody": (0.5, None)})
    read = []

    def read_test():
        read.append("test")
        return problem.read_test()

    answer = solve(replace(problem, read_test=read_test, hold_out=lambda: _unread(read, problem)))
    assert read == ["test"]
    assert answer.users == 400
    assert "somebody" in answer.table()
    line = json.loads(answer.line())
    # Recall at random would be 20 of 284 items.
    assert 0.14 < line["recall@20"] < line["candidate_recall"] <= 1


def _unread(read, problem):
    assert read == []
    return problem.hold_out()
