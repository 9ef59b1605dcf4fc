"""Every type of column as JSON text that says the same."""

import json
import math

import duckdb
import pytest

from pipelines.publish.json_cells import json_cell

TYPES = {
    "1": 1,
    "170141183460469231731687303715884105727::hugeint": 2**127 - 1,
    "true": True,
    "null": None,
    "0.1": 0.1,
    "0.1::double": 0.1,
    "0.1::float": 0.10000000149011612,  # as wide as what the ranker reads
    "12.5000::decimal(38, 4)": 12.5,
    "1e300": 1e300,
    "'nan'::double": None,
    "'-inf'::float": None,
    "'a\"\\ä😀' || chr(10) || chr(31) || chr(127)": 'a"\\ä😀\n\x1f\x7f',
    "''": "",
    "'null'": "null",
    "'x'::enum('x', 'y')": "x",
    "date '2018-01-02'": "2018-01-02",
    "time '12:00:01'": "12:00:01",
    "timestamp '2018-01-02 03:04:05'": "2018-01-02T03:04:05Z",
    "timestamp '2018-01-02 03:04:05.678'": "2018-01-02T03:04:05.678000Z",
    "timestamp_s '2018-01-02 03:04:05'": "2018-01-02T03:04:05Z",
    "timestamptz '2018-01-02 03:04:05+02'": "2018-01-02T01:04:05Z",
    "['a', null]": ["a", None],
    "[1, 2]": [1, 2],
    "[]::varchar[]": [],
    "null::double[]": None,
    "[1.5::double, 'nan'::double, null]": [1.5, None, None],
    "[1.5, 2.5]::float[2]": [1.5, 2.5],
    "[['inf'::double], [2.0::double], null]": [[None], [2.0], None],
    "[timestamp '2018-01-02']": ["2018-01-02T00:00:00Z"],
    "interval 3 day": "3 days",
    "{'a': 1}": "{'a': 1}",
}


@pytest.fixture(scope="module")
def connection():
    """DuckDB in memory, of a time zone that is not UTC."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'America/New_York'")
        yield connection


def cell(connection, value):
    """JSON text of the SQL *value* as a column."""
    table = connection.sql(f"select {value} as x")
    return table.select(json_cell("x", table.types[0])).fetchall()[0][0]


@pytest.mark.parametrize(("value", "expected"), TYPES.items())
def test_a_value_is_what_json_says(connection, value, expected):
    """Any reader of JSON gets the value; there is no raw line end, which divides cells."""
    text = cell(connection, value)
    found = json.loads(text)
    assert (found, type(found)) == (expected, type(expected))
    assert "\n" not in text


def test_doubles_come_back_bit_for_bit(connection):
    """The text of a double is long enough to be read as the same double."""
    values = [math.pi, 1 / 3, 5e-324, 1.7976931348623157e308, -0.0, 2.0**53 + 2]
    found = [float(cell(connection, f"{value!r}::double")) for value in values]
    assert [value.hex() for value in found] == [value.hex() for value in values]
