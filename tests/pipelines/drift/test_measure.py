"""Distributions of columns of every kind, measured in a real DuckDB."""

import math
from datetime import datetime

import duckdb
import pytest

from pipelines.drift.bins import Bins, Categories, pictured_edges, stable_edges
from pipelines.drift.distribution import Distribution, dump_table, parse_table
from pipelines.drift.distributions import TableDistribution
from pipelines.drift.measure import measure_columns, sample
from pipelines.drift.psi import stability_index

CUTOFF = datetime(2024, 5, 6)


@pytest.fixture
def measure():
    """A function: the distribution of the column `x` of a query."""
    with duckdb.connect() as connection:

        def of(query, kept=None):
            before = {} if kept is None else {"x": kept}
            _, found = measure_columns(connection.sql(query), ["id"], CUTOFF, before)
            return found["x"]

        yield of


def test_numbers_have_figures_bins_and_a_picture(measure):
    """Ten whole numbers, one of them null: a bin each, figures of those that are there."""
    found = measure("select i as id, nullif(i, 10) as x from range(1, 11) r(i)")
    assert found == Distribution(
        kind="number",
        null_share=pytest.approx(0.1),
        values=9,
        stats={
            "mean": 5.0,
            "std": pytest.approx(math.sqrt(60 / 9)),
            "min": 1.0,
            "p05": 1.4,
            "p25": 3.0,
            "p50": 5.0,
            "p75": 7.0,
            "p95": pytest.approx(8.6),
            "max": 9.0,
        },
        bins=found.bins,
        picture=Bins(tuple(float(n) for n in range(10)), (0.0, *[1 / 9] * 9, 0.0)),
    )
    assert found.bins.edges == tuple(n + 0.5 for n in range(10))
    assert sum(found.bins.shares) == pytest.approx(1)
    assert (found.bins.shares[0], found.bins.shares[-1]) == (0, 0)


def test_bins_are_kept(measure):
    """Other values are counted in the bins of before; what is out of all range has bins too."""
    before = measure("select i as id, i::double as x from range(100) r(i)")
    now = measure("select i as id, i::double + 1000 as x from range(50) r(i)", before)
    low = measure("select i as id, -1.0::double as x from range(50) r(i)", before)
    assert now.divisions == before.divisions == low.divisions
    assert now.bins.shares == (*[0.0] * 12, 1.0)
    assert low.bins.shares == (1.0, *[0.0] * 12)


@pytest.mark.parametrize("value", ["'nan'::double", "'infinity'::double", "null::double", "1e300"])
def test_what_is_no_usable_number_is_null(measure, value):
    """Not a number, infinity, null and numbers without a square count as null."""
    query = "select i as id, if(i = 0, VALUE, 1.0) as x from range(4) r(i)"
    found = measure(query.replace("VALUE", value))
    assert (found.null_share, found.values, found.stats["max"]) == (0.25, 3, 1.0)


def test_all_null_has_no_figures_and_no_bins(measure):
    """A column without a value is said to have none, whatever its type; kept bins stay."""
    empty = measure("select i as id, null::double as x from range(4) r(i)")
    assert empty == Distribution(kind="number", null_share=1.0, values=0)
    before = measure("select i as id, i::double as x from range(4) r(i)")
    now = measure("select i as id, null::double as x from range(4) r(i)", before)
    assert (now.divisions, now.shares, now.stats) == (before.divisions, (), {})


def test_a_constant_has_a_bin_of_its_own(measure):
    """What is below, equal and above a constant column are three bins."""
    found = measure("select i as id, 7 as x from range(4) r(i)")
    assert found.bins == Bins((6.5, 7.5), (0.0, 1.0, 0.0))


def test_moments_are_days_before_the_cutoff(measure):
    """The same behaviour a week later is the same distribution."""
    found = measure("select 1 as id, timestamp '2024-05-04 12:00:00' as x")
    assert (found.kind, found.stats["mean"]) == ("moment", 1.5)
    assert measure("select 1 as id, date '2024-05-01' as x").stats["mean"] == 5


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
def test_moments_with_a_zone_are_the_same_on_every_machine(zone):
    """The zone of the machine, which DuckDB takes for its own, moves no moment."""
    with duckdb.connect() as connection:
        connection.execute(f"set TimeZone = '{zone}'")
        query = "select 1 as id, timestamptz '2024-05-04 12:00:00+00' as x"
        _, found = measure_columns(connection.sql(query), ["id"], CUTOFF, {})
    assert (found["x"].kind, found["x"].stats["mean"]) == ("moment", 1.5)


def test_lists_count_by_length(measure):
    """A list of two and an empty one."""
    found = measure("select i as id, if(i = 0, ['a', 'b'], []::varchar[]) as x from range(2) r(i)")
    assert (found.kind, found.stats["min"], found.stats["max"]) == ("length", 0, 2)


def test_texts_have_categories(measure):
    """Shares of the values that there are, and of those of before beside what is new."""
    before = measure("select i as id, if(i < 3, 'a', 'b') as x from range(4) r(i)")
    assert before.categories == Categories(("a", "b"), (0.75, 0.25, 0.0))
    now = measure("select i as id, if(i < 3, 'c', null) as x from range(4) r(i)", before)
    assert now == Distribution(
        kind="text",
        null_share=0.25,
        values=3,
        categories=Categories(("a", "b"), (0.0, 0.0, 1.0)),
        top=(("c", 1.0),),
    )
    assert measure("select 1 as id, true as x").top == (("true", 1.0),)


@pytest.mark.parametrize(
    ("query", "is_outgrown"),
    [
        ("select i as id, 2.0 * i as x from range(100) r(i)", False),
        ("select i as id, 3.0 * i as x from range(100) r(i)", True),
        ("select i as id, -1.0 as x from range(100) r(i)", True),
        ("select i as id, null::double as x from range(100) r(i)", False),
    ],
)
def test_bins_are_outgrown_by_most_values(measure, query, is_outgrown):
    """Half of the values may be below or above all that was seen at first; more say nothing."""
    before = measure("select i as id, i::double as x from range(100) r(i)")
    assert not before.is_outgrown
    assert measure(query, before).is_outgrown == is_outgrown


def test_categories_are_outgrown_by_frequent_texts(measure):
    """A frequent text without a bin of its own counts; many rare ones together do not."""
    before = measure("select i as id, 'a' as x from range(100) r(i)")
    rare = measure("select i as id, 'b' || i as x from range(100) r(i)", before)
    frequent = measure("select i as id, if(i < 51, 'b', 'a') as x from range(100) r(i)", before)
    assert (before.is_outgrown, rare.is_outgrown, frequent.is_outgrown) == (False, False, True)


def test_another_type_begins_anew(measure):
    """A column that was a text and is a number has new bins."""
    before = measure("select i as id, 'a' as x from range(4) r(i)")
    now = measure("select i as id, 1.0 as x from range(4) r(i)", before)
    assert (now.kind, now.categories, len(now.bins.shares)) == ("number", None, 3)


def test_other_types_count_nulls(measure):
    """Of a struct only nulls are counted."""
    found = measure("select i as id, if(i = 0, null, {'a': 1}) as x from range(2) r(i)")
    assert found == Distribution(kind="other", null_share=0.5, values=1)


def test_samples_are_the_same_rows_every_night():
    """About as many rows as wanted, chosen by key: rows that are added displace none."""
    with duckdb.connect() as connection:
        small = connection.sql("select 'u' || i as id from range(20000) r(i)")
        large = connection.sql("select 'u' || i as id from range(25000) r(i)")
        first = set(sample(small, ["id"], 20_000, 5_000).fetchall())
        again = set(sample(large, ["id"], 20_000, 5_000).fetchall())
        assert len(first) == pytest.approx(5000, rel=0.1)
        assert first == {(name,) for (name,) in again if int(name[1:]) < 20_000}
        assert sample(small, ["id"], 20_000, 20_000) is small


@pytest.mark.parametrize(
    ("low", "high", "whole", "edges"),
    [
        (0, 3, True, (-1, 0, 1, 2, 3)),
        (1, 48, True, tuple(range(0, 50, 2))),
        (0.0, 24.0, False, tuple(range(25))),
    ],
)
def test_edges_of_pictures(low, high, whole, edges):
    """Whole numbers share bars of equal width; others are cut into two dozen."""
    assert pictured_edges(low, high, whole=whole) == edges


@pytest.mark.parametrize(
    ("least", "gaps", "whole", "edges"),
    [
        (0, [(0, 4)] * 10 + [(4, None)], True, (-0.5, 2, 4.5)),
        (0.2, [(0.2, 0.4)] * 10 + [(0.4, None)], False, (0.1, 0.3, 0.404)),
        (0.0, [(0.0, None)] * 11, False, (-5e-324, 5e-324)),
        (-50.0, [(-50.0, None)] * 11, False, (-50.5, -49.5)),
    ],
)
def test_edges_for_psi_lie_between_values(least, gaps, whole, edges):
    """In the middle of every gap, and a margin away from the least and the largest value."""
    assert stable_edges(least, gaps, whole=whole) == pytest.approx(edges, abs=1e-12)


# What 3,000 items share: few buyers each, of N in all.
BUYERS = "select i as id, (1 + floor(3 * abs(ln((i + 1) / 3001.0)))) / NUMBER as x"
CLOSE = "select i as id, 0.5 + NUMBER * i / 1e7 as x"
FIXED = "select i as id, 0.0234 * NUMBER as x"


def psi(measure, before, now):
    first = measure(f"{before} from range(3000) r(i)")
    return stability_index(measure(f"{now} from range(3000) r(i)", first).shares, first.shares)


@pytest.mark.parametrize(
    ("query", "before", "now"),
    [
        (BUYERS, 2000, 1999),  # one user fewer: every share is a little larger
        (BUYERS, 2000, 2001),
        (BUYERS, 2000, 2050),
        (CLOSE, 1, 2),  # 0.5000 to 0.5003, then to 0.5006
        (FIXED, 1.0, 1.005),
        (FIXED, -1.0, -0.995),
    ],
)
def test_few_or_nearly_the_same_values_do_not_drift_by_a_hair(measure, query, before, now):
    """Shares of one user more or less, or digits far behind the point, are no other population."""
    found = psi(measure, *(query.replace("NUMBER", str(number)) for number in (before, now)))
    assert found < 0.01


@pytest.mark.parametrize(
    ("query", "before", "now"), [(BUYERS, 2000, 1000), (CLOSE, 1, 1000), (FIXED, 1.0, 1.1)]
)
def test_few_values_drift_when_they_move(measure, query, before, now):
    """Twice the share, thousands of times the spread, a tenth more: bins still tell."""
    found = psi(measure, *(query.replace("NUMBER", str(number)) for number in (before, now)))
    assert found > 0.25


def test_what_is_written_is_what_is_read(measure):
    """A table with a column of each sort comes back from JSON as it was."""
    columns = {
        "number": measure("select i as id, i as x from range(9) r(i)"),
        "text": measure("select i as id, 'a' as x from range(9) r(i)"),
        "empty": measure("select i as id, null::double as x from range(9) r(i)"),
    }
    table = TableDistribution(
        folder="user",
        definition="abc",
        cutoff=CUTOFF,
        rows=9,
        sampled_rows=9,
        newest=None,
        columns=columns,
    )
    assert parse_table(dump_table(table)) == table
