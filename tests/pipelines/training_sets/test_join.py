"""The join of snapshots to moments, beside one that is written in plain Python."""

import random
import tempfile
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.training_sets.join import STATES, SnapshotJoin
from pipelines.training_sets.spine import SpineError
from tests.pipelines.training_sets.plain_join import choose_made, join_plainly, write_snapshots

MICROSECOND = timedelta(microseconds=1)
FIRST = datetime(2024, 1, 1)
LIMIT = timedelta(days=2)
IDS = st.sampled_from(["ann", "bob", "é", "", "0"])
CUTOFFS = st.builds(
    lambda days, extra: FIRST + timedelta(days=days) + extra * MICROSECOND,
    st.integers(0, 6),
    st.integers(-1, 1),
)
STEPS = st.integers(-1, 1)
VALUES = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1))


@pytest.fixture(scope="module")
def connection():
    """One database for all examples, with two threads as in a night."""
    with duckdb.connect(":memory:", config={"threads": "2"}) as opened:
        yield opened


@st.composite
def problems(draw):
    """(grain, snapshots, spine): moments lie on cutoffs, a microsecond beside, at the age limit."""
    grain = draw(st.sampled_from([("user_id",), ("user_id", "item_id"), ("a", "b", "c")]))
    stored = st.tuples(*[IDS] * len(grain))
    rows = st.dictionaries(stored, st.tuples(VALUES, VALUES), max_size=6)
    snapshots = draw(st.dictionaries(CUTOFFS, rows, min_size=1, max_size=5))
    edges = [cutoff + age for cutoff in snapshots for age in (timedelta(0), LIMIT)]
    moments = st.one_of(
        st.builds(lambda edge, n: edge + n * MICROSECOND, st.sampled_from(edges), STEPS),
        st.datetimes(FIRST - timedelta(days=2), FIRST + timedelta(days=12)),
    )
    asked = st.tuples(*[st.one_of(st.none(), IDS, st.just("nobody"))] * len(grain))
    return grain, snapshots, draw(st.lists(st.tuples(moments, asked), max_size=20))


def join_all(connection, folder, problem, limit, *, name="user/made"):
    """What the join makes of a problem, in the form of `join_plainly`, and its counts."""
    grain, snapshots, spine = problem
    table = choose_made(folder, name, grain=grain, columns=("n_one", "n_two"))
    paths = write_snapshots(folder, table, snapshots, pa.int64())
    moments = pa.chunked_array([pa.array([m for m, _ in spine], pa.timestamp("us"))])
    entities = {
        column: pa.chunked_array([pa.array([key[i] for _, key in spine], pa.string())])
        for i, column in enumerate(grain)
    }
    kept = {table.file.name: dict(sorted(paths.items()))}
    rows = SnapshotJoin(connection, moments, kept).values(table, entities, limit=limit)
    values = zip(*(column.to_pylist() for column in rows.values.values()), strict=True)
    return list(values), rows.counts


def expected(problem, limit, *, is_label=False):
    """The same from `join_plainly`."""
    answers = join_plainly(problem[2], problem[1], limit, is_label=is_label)
    counted = Counter(state for state, _ in answers)
    values = [(None, None) if found is None else found for _, found in answers]
    return values, {state: counted[state] for state in STATES}


@settings(max_examples=80, deadline=None, print_blob=True)
@given(problem=problems(), limit=st.sampled_from([None, LIMIT, MICROSECOND]))
def test_every_row_gets_what_the_plain_join_gives(connection, problem, limit):
    """Ties, equal moments, the edge of the age, nulls and doubled rows, for one to three keys."""
    with tempfile.TemporaryDirectory() as folder:
        found = join_all(connection, Path(folder), problem, limit)
    assert found == expected(problem, limit)


@settings(max_examples=40, deadline=None, print_blob=True)
@given(problem=problems())
def test_a_label_is_taken_at_its_own_moment_alone(connection, problem):
    """One that begins earlier would share events with the features, a later one leaves a gap."""
    with tempfile.TemporaryDirectory() as folder:
        found = join_all(connection, Path(folder), problem, None, name="label/made")
    assert found == expected(problem, None, is_label=True)


def test_many_rows_of_many_cutoffs(connection, tmp_path):
    """Over several batches and threads the order of the spine is kept, doubled rows and all."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    dice = random.Random(seed)
    cutoffs = [FIRST + timedelta(hours=7 * k) for k in range(200)]
    snapshots = {
        cutoff: {(f"u{u}",): (dice.randrange(99), u) for u in dice.sample(range(300), 250)}
        for cutoff in cutoffs
    }
    spine = [
        (FIRST + timedelta(minutes=dice.randrange(90_000)), (f"u{dice.randrange(310)}",))
        for _ in range(20_000)
    ]
    problem = (("user_id",), snapshots, spine + spine[:500])
    assert join_all(connection, tmp_path, problem, LIMIT) == expected(problem, LIMIT)


def test_who_is_gone_has_no_value(connection, tmp_path):
    """The newest snapshot decides: an older one, in which the user still was, is not asked."""
    snapshots = {FIRST: {("ann",): (1, 1)}, FIRST + LIMIT: {("bob",): (2, 2)}}
    spine = [(FIRST + LIMIT, ("ann",)), (FIRST + LIMIT - MICROSECOND, ("ann",))]
    values, counts = join_all(connection, tmp_path, (("user_id",), snapshots, spine), None)
    assert values == [(None, None), (1, 1)]
    assert counts == {"no_snapshot": 0, "stale": 0, "missing": 1, "found": 1}


@pytest.mark.parametrize(
    "values",
    [
        [1.5, None, float("inf")],
        ["text", "", None],
        [True, None, False],
        [["milk", "tea"], [], None],
        [datetime(2024, 1, 1, 8), None, datetime(1999, 1, 1)],
    ],
    ids=["numbers", "texts", "truths", "lists", "moments"],
)
def test_values_keep_their_type(connection, tmp_path, values):
    """What stands in the snapshot is what comes out, bit by bit."""
    kind = pa.array(values).type
    table = choose_made(tmp_path)
    rows = {(f"u{k}",): (value,) for k, value in enumerate(values)}
    paths = write_snapshots(tmp_path, table, {FIRST: rows}, kind)
    moments = pa.chunked_array([pa.array([FIRST] * len(values), pa.timestamp("us"))])
    users = {"user_id": pa.chunked_array([[f"u{k}" for k in range(len(values))]])}
    join = SnapshotJoin(connection, moments, {"made": paths})
    found = join.values(table, users, limit=None).values["made.n_made"]
    assert (found.type, found.to_pylist()) == (kind, values)


def one_row(connection, folder, user_id):
    """The join of one user, by whatever type the id has."""
    table = choose_made(folder)
    paths = write_snapshots(folder, table, {FIRST: {("7",): (1,)}}, pa.int64())
    moments = pa.chunked_array([pa.array([FIRST], pa.timestamp("us"))])
    join = SnapshotJoin(connection, moments, {"made": paths})
    entities = {"user_id": pa.chunked_array([user_id])}
    return join.values(table, entities, limit=None).values["made.n_made"].to_pylist()


def test_whole_numbers_are_ids_as_text(connection, tmp_path):
    """7 is the user "7", as text and as a code of a dictionary it is the same one."""
    ids = [pa.array([7]), pa.array(["7"]), pa.array(["7"], pa.large_string())]
    assert [one_row(connection, tmp_path, user_id) for user_id in ids] == [[1]] * 3


def test_ids_of_another_type_are_refused(connection, tmp_path):
    """7.0 would be the text "7.0", which nobody is called."""
    with pytest.raises(SpineError, match=r"column user_id is of type double; expected text or"):
        one_row(connection, tmp_path, pa.array([7.0]))


def test_text_beside_a_number_is_refused(connection, tmp_path):
    """A grain column that is a number in the snapshot is one in the spine."""
    table = choose_made(tmp_path, grain=("hour",))
    path = tmp_path / "hours.parquet"
    pq.write_table(pa.table({"hour": [8], "n_made": [1]}), path)
    moments = pa.chunked_array([pa.array([FIRST], pa.timestamp("us"))])
    join = SnapshotJoin(connection, moments, {"made": {FIRST: path}})
    hours = pa.chunked_array([pa.array([8], pa.int8())])
    found = join.values(table, {"hour": hours}, limit=None).values["made.n_made"]
    assert found.to_pylist() == [1]
    with pytest.raises(SpineError, match=r"column hour is text, that of .*made.sql is BIGINT"):
        join.values(table, {"hour": pc.cast(hours, pa.string())}, limit=None)


def test_doubled_rows_of_a_snapshot_are_an_error(connection, tmp_path):
    """They would double rows of the spine; the message names the file and the grain."""
    table = choose_made(tmp_path)
    path = tmp_path / "doubled.parquet"
    pq.write_table(pa.table({"user_id": ["ann", "ann"], "n_made": [1, 2]}), path)
    moments = pa.chunked_array([pa.array([FIRST], pa.timestamp("us"))])
    join = SnapshotJoin(connection, moments, {"made": {FIRST: path}})
    with pytest.raises(SpineError, match=r"made.sql: a kept snapshot has several rows of one"):
        join.values(table, {"user_id": pa.chunked_array([["ann"]])}, limit=None)
