"""From raw tables to the lake by staging SQL: what files may read and give, and vectors."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.sources.raw import SourceError
from tests.pipelines.sources.till import EVENTS, ITEMS, row


def with_vectors(till, vectors):
    """Items of the till with *vectors*: item → DuckDB's text of a list, '' for none."""
    rows = " union all ".join(
        f"select '{item}' as item_id, try_cast(nullif('{text}', '') as varchar[]) as vector"
        for item, text in vectors.items()
    )
    header = ITEMS.partition("select")[0].replace(
        "title: Title., category: Shelf.", "vector: Where it points."
    )
    till.write_staging("items", f"{header}{rows}")
    till.deliver("a.csv", [row(), row("bob", "tea")])


def test_vectors_come_along_if_they_are_finite(till, caplog):
    """Lists of numbers reach the lake; others are left out and counted in a warning."""
    with_vectors(
        till,
        {
            "milk": "[1, -2.5]",
            "jam": "[1, nan]",
            "rum": "[inf, 1]",
            "egg": "[1, null]",
            "ice": "[]",
            "oil": "[many, 1]",
            "rye": "",
        },
    )
    lake = till.ingest()
    items = pq.read_table(lake.table_file("items"))
    assert items.schema.field("vector").type == pa.list_(pa.field("element", pa.float32()))
    found = {i["item_id"]: i["vector"] for i in items.to_pylist()}
    nothing = dict.fromkeys(("jam", "rum", "egg", "ice", "oil", "rye", "tea"))
    assert found == {"milk": [1.0, -2.5], **nothing}
    assert "5 of 6 vectors are left out; expected lists of finite numbers" in caplog.text


def test_vectors_of_two_lengths_are_refused(till):
    """The error counts the items of each length and names the first."""
    with_vectors(till, {"milk": "[1, 2]", "jam": "[3, 4]", "rum": "[1, 2, 3]"})
    lengths = r"2 lengths \(2 numbers: 2 items, jam first; 3 numbers: 1 items, rum first\)"
    with pytest.raises(SourceError, match=f"items.sql: vectors of {lengths}; expected one length"):
        till.ingest()


def test_staging_may_read_only_what_the_source_delivers(till):
    """An unknown table in staging names the file and the tables there are."""
    till.deliver("a.csv", [row()])
    till.write_staging("events", EVENTS.replace("from rows", "from row"))
    with pytest.raises(SourceError, match=r"events\.sql: reads row, but the source delivers rows"):
        till.ingest()


def test_staging_gives_what_its_header_lists(till):
    """A column that the header does not list is refused with both lists."""
    till.deliver("a.csv", [row()])
    till.write_staging("events", EVENTS.replace("user_id, item_id, e", "item_id, user_id, e", 1))
    with pytest.raises(SourceError, match=r"events\.sql: the header lists the columns .* gives"):
        till.ingest()


def test_a_failing_staging_file_is_named(till):
    """A column that the raw table lacks is an error of the file, in DuckDB's words."""
    till.deliver("a.csv", [row()])
    till.write_staging("events", EVENTS.replace("user_id, item_id", "usr_id as user_id, item_id"))
    with pytest.raises(SourceError, match=r"(?s)events\.sql: .*usr_id.*user_id"):
        till.ingest()


@pytest.mark.parametrize("table", ["events", "items", "visitors"])
def test_a_cast_that_fails_on_a_row_names_its_file(till, table):
    """One bad value under a strict cast is an error of that file, and says what to write."""
    till.deliver("a.csv", [row(), row(value="much")])
    if table == "events":
        sql = EVENTS.replace("event_at, value,", "event_at, value::decimal(9, 2) as value,")
    else:
        sql = ITEMS.replace("'all' as category", "value::double::varchar as category")
        sql = sql.replace("where item_id = 'milk'", "")
    till.write_staging(table, sql)
    message = rf"(?s){table}\.sql: a row cannot be computed: .*much.*use try_cast"
    with pytest.raises(SourceError, match=message):
        till.ingest()


def test_a_source_maps_all_three_tables(till):
    """A missing staging file is named."""
    till.deliver("a.csv", [row()])
    (till.folder / "staging" / "users.sql").unlink()
    with pytest.raises(SourceError, match=r"no users\.sql; a source maps its raw tables to events"):
        till.ingest()


def test_other_staging_tables_are_kept(till):
    """A staging file beyond the three becomes a table of the lake."""
    till.deliver("a.csv", [row(), row("bob")])
    header = EVENTS.split("columns:")[0] + "columns: {user_id: User.}\nchecks: []\n---*/\n"
    header = header.replace("[event_id]", "[user_id]")
    till.write_staging("visitors", "\n".join([header, "select user_id from rows"]))
    lake = till.ingest()
    kept = lake.directory / lake.manifest["tables"]["visitors"]["path"]
    assert pq.read_table(kept).to_pylist() == [{"user_id": "ann"}, {"user_id": "bob"}]
