"""Files that break a rule are refused, with file, line and cause."""

import re

import duckdb
import pytest

from pipelines.features.folder import load_folder
from pipelines.features.problems import SqlFileError
from pipelines.features.sql_file import load_sql_file
from tests.pipelines.features.sql_text import BODY, HEADER, write_folder, write_sql


def header(old, new):
    """The good header with one part changed, and a good query."""
    assert old in HEADER
    return HEADER.replace(old, new) + BODY


def sql(query):
    """A good header, and *query* behind it."""
    return HEADER + query


BROKEN = {
    "no header": (BODY, r":1: no header; a file starts with"),
    "open header": (HEADER.replace("---*/", "*/") + BODY, r":1: no header"),
    "no key": (header("owner: tests\n", ""), r":2: header key owner is missing; required: desc"),
    "unknown key": (header("owner:", "author: me\nowner:"), r":3: unknown header key author; kn"),
    "typo": (
        header("grain:", "grian:"),
        r":4: unknown header key grian \(did you mean grain\?\); known: ",
    ),
    "bad YAML": (header("[user_id]", "[user_id"), r":\d: the header is not valid YAML: "),
    "no mapping": ("/*---\n- a\n---*/\n" + BODY, r":2: the header is not a mapping"),
    "grain not a column": (
        header("[user_id]", "[item_id]"),
        r":4: grain names the column item_id, which is not in columns; known: user_id, n_eve"
        r"nts; add it to columns, with a sentence, or take it out here$",
    ),
    "check of no column": (
        header("checks: []", "checks: [{not_null: {column: x}}]"),
        r":8: check not_null names the column x, which is not in columns; known: user_id, n_even"
        r"ts; add it to columns, with a sentence, or take it out here$",
    ),
    "typo in a check": (
        header(
            "checks: []",
            "checks:\n  - not_null: {column: user_id}\n  - unique:\n      columns: [n_event]",
        ),
        r":10: check unique names the column n_event, which is not in columns; did you mean n_ev"
        r"ents\? Otherwise add it to columns, with a sentence$",
    ),
    "unknown check": (
        header("checks: []", "checks: [{nonnull: {column: user_id}}]"),
        r":8: unknown header key checks\.0\.nonnull",
    ),
    "bad age": (
        header("event_time: null\nmax_age: null", "event_time: event_at\nmax_age: 26"),
        r":6: header key max_age: 26 is not a duration",
    ),
    "age without time": (
        header("max_age: null", "max_age: 26h"),
        r":6: header key max_age: max_age needs an event_time",
    ),
    "two statements": (HEADER + BODY + ";" + BODY, r"exactly one SELECT statement, found \['SEL"),
    "not SQL": (sql("select from where"), r":\d+: not valid SQL"),
    "open quote": (sql("select 'a"), r"not valid SQL"),
    "nothing": (HEADER, r"expected exactly one SELECT statement, found \[\]"),
    "drop": (sql("drop table events"), r"expected exactly one SELECT statement, found"),
    "copy": (sql("copy events to 'x.csv'"), r"expected exactly one SELECT statement, found"),
    "attach": (sql("attach 'x.duckdb' as x"), r"expected exactly one SELECT statement, found"),
    "pragma": (sql("pragma threads = 8"), r"expected exactly one SELECT statement, found"),
    "install": (sql("install httpfs"), r"expected exactly one SELECT statement, found"),
    "insert": (sql("insert into events select 1"), r"expected exactly one SELECT statement"),
    "set": (sql("set threads = 8"), r"expected exactly one SELECT statement, found"),
    "star": (sql("select * from events"), r":10: `select \*` hides columns"),
    "star of a table": (sql("select\n events.* from events"), r"`select \*` hides columns"),
    "function as table": (
        sql("select user_id, 1 as n_events from read_csv('/etc/passwd')"),
        r"reads from READ_CSV\('/etc/passwd'\); a file reads tables by name only",
    ),
    "file as table": (
        sql("select user_id, 1 as n_events from 'events.parquet'"),
        r"reads .*events\.parquet.*plain name only",
    ),
    "path as table": (
        sql("select user_id, 1 as n_events from '/etc/passwd'"),
        r"reads .*passwd.*plain name only",
    ),
    "schema": (
        sql("select user_id, 1 as n_events from information_schema.tables"),
        r"reads information_schema\.tables; a file reads tables by their plain name only",
    ),
    "until": (
        sql(BODY.replace("$as_of", "$until")),
        r"\$until looks into the future; only files of label/ may use it",
    ),
    "unknown parameter": (
        sql(BODY.replace("$as_of", "$asof")),
        r"unknown parameter \$asof \(did you mean \$as_of\?\); the runner binds \$as_of, "
        r"\$timezone, \$until",
    ),
    "question mark": (sql(BODY.replace("$as_of", "?")), r"unknown parameter"),
}


@pytest.mark.parametrize(("text", "cause"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_is_refused(tmp_path, text, cause):
    """The one broken rule is named, behind the path of the file and its line."""
    path = write_sql(tmp_path, "user/visits", text)
    with pytest.raises(SqlFileError) as caught:
        load_sql_file(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert re.search(cause, message), message


@pytest.mark.parametrize(
    "expression",
    [
        "now()",
        "today()",
        "random()",
        "uuid()",
        "gen_random_uuid()",
        "current_date",
        "current_time",
        "current_timestamp",
        "localtimestamp",
        "current_localtimestamp()",
        "get_current_timestamp()",
        "transaction_timestamp()",
        "nextval('a')",
        "getvariable('a')",
        "current_setting('threads')",
        "getenv('HOME')",
        "version()",
        "any_value(item_id)",
        "arbitrary(item_id)",
        "mode(item_id)",
        "approx_quantile(value, 0.5)",
        "reservoir_quantile(value, 0.5)",
        "approx_top_k(item_id, 3)",
        "age(event_at)",
        "list_any_value(list(item_id))",
        "current_user",
    ],
)
def test_what_differs_from_night_to_night_is_refused(tmp_path, expression):
    """Clocks, dice, the session's state and aggregates without an order are named with line."""
    query = BODY.replace("count(*)", expression)
    path = write_sql(tmp_path, "user/visits", HEADER + query)
    with pytest.raises(SqlFileError, match=r"visits\.sql:(9|10): \w+ gives another result each"):
        load_sql_file(path)


@pytest.mark.parametrize(
    ("expression", "advice"),
    [
        ("now()", "the only moment is $as_of"),
        ("age(event_at)", "the only moment is $as_of"),
        ("any_value(item_id)", "an aggregate that picks a row needs an order: first(… order by …)"),
        ("approx_quantile(value, 0.5)", "write the exact function, such as quantile_cont or count"),
        ("random()", "choose rows by what is in them, such as a hash of their id"),
        ("getenv('HOME')", "a file knows its tables, $as_of and $timezone, and nothing else"),
    ],
)
def test_what_to_write_instead_fits(tmp_path, expression, advice):
    """A clock needs no order, and an aggregate no moment."""
    path = write_sql(tmp_path, "user/visits", HEADER + BODY.replace("count(*)", expression))
    with pytest.raises(SqlFileError) as caught:
        load_sql_file(path)
    assert advice in str(caught.value)
    assert str(caught.value).count(";") == 1


@pytest.mark.parametrize(
    ("bound", "line", "message"),
    [
        (
            "event_at < $as_of + interval 1 day",
            13,
            "event_at < $as_of + INTERVAL '1' DAY may let in what comes later; write event_at < $a",
        ),
        (
            "$until > event_at",
            13,
            "$until > event_at may let in what comes later; write event_at < ",
        ),
        (
            "$as_of >= event_at",
            13,
            "$as_of >= event_at lets its last moment in; write event_at < $a",
        ),
        (
            "event_at <= $as_of",
            13,
            "event_at <= $as_of lets its last moment in; write event_at < $a",
        ),
        (
            "value < 3",
            11,
            "reads events without an upper bound of time; add event_at < $as_of to th",
        ),
    ],
)
def test_a_bound_that_is_none_is_quoted(tmp_path, bound, line, message):
    """With its own line and what is expected; without one it is the read."""
    query = "select user_id, count(*) as n_events\nfrom events\nwhere value > 0\n    and {}\n"
    path = write_sql(tmp_path, "user/visits", f"{HEADER}{query.format(bound)}group by user_id\n")
    with pytest.raises(SqlFileError) as caught:
        load_sql_file(path)
    assert f"{path}:{line}: {message}" in str(caught.value)


@pytest.mark.parametrize("alias", ["e(event_at, user_id)", "e(a, b, c, d, event_at)"])
def test_a_column_under_another_name_bounds_nothing(tmp_path, alias):
    """`events as e(…)` gives the name event_at to whatever column stands there."""
    query = BODY.replace("from events", f"from events as {alias}")
    path = write_sql(tmp_path, "user/visits", HEADER + query)
    with pytest.raises(SqlFileError, match=r"events AS e.* gives columns other names"):
        load_sql_file(path)


@pytest.mark.parametrize(
    ("part", "sampled"),
    [("from events", "from events tablesample 10%"), ("user_id\n", "user_id using sample 10\n")],
)
def test_samples_are_refused(tmp_path, part, sampled):
    """A sample of rows is another one each time."""
    path = write_sql(tmp_path, "user/visits", HEADER + BODY.replace(part, sampled))
    with pytest.raises(SqlFileError, match="tablesample gives another result each time"):
        load_sql_file(path)


@pytest.mark.parametrize(
    "span",
    [
        "interval '-30 day'",
        "interval (-30) day",
        "to_days(-30)",
        "to_days(0 - 30)",
        "(value)",
    ],
)
def test_less_than_nothing_is_later(tmp_path, span):
    """A bound from which a negative span is taken lies behind `$as_of`, and so is none."""
    path = write_sql(tmp_path, "user/visits", HEADER + BODY.replace("$as_of", f"$as_of - {span}"))
    with pytest.raises(
        SqlFileError, match=r"visits\.sql:10: event_at < \$as_of - .* may let in what comes"
    ):
        load_sql_file(path)


@pytest.mark.parametrize("span", ["7 days ago", "@ 1 day AGO", "7 days 3 hours ago"])
def test_a_span_that_counts_back_is_refused(tmp_path, span):
    """Our parser drops the `ago` of some, DuckDB does not: it is looked for in the text."""
    query = BODY.replace(" where", "\nwhere").replace("$as_of", f"$as_of - interval '{span}'")
    path = write_sql(tmp_path, "user/visits", HEADER + query)
    with pytest.raises(
        SqlFileError, match=rf"visits\.sql:11: interval '{span}' counts back; write "
    ):
        load_sql_file(path)


@pytest.mark.parametrize(
    ("call", "is_refused"),
    [
        ("printf('%999999999d', count(*))", True),
        ("printf('%*d', 999999999, count(*))", True),
        ("printf(user_id, count(*))", True),
        ("format('{:>999999999}', user_id)", True),
        ("format('{:{}}', user_id, 999999999)", True),
        ("printf('%05d', count(*))", False),
        ("format('{}-{:*>9}', user_id, user_id)", False),
    ],
)
def test_a_format_is_as_wide_as_it_says(tmp_path, call, is_refused):
    """Widths of five digits and more, and those that are computed, would make a huge value."""
    path = write_sql(tmp_path, "user/visits", HEADER + BODY.replace("count(*)", call))
    if not is_refused:
        assert load_sql_file(path).name == "visits"
        return
    with pytest.raises(SqlFileError, match=r"visits\.sql:10: .* may make a value of any size"):
        load_sql_file(path)


@pytest.mark.parametrize(
    "query",
    [
        "with bands(band, n) as (values ('low', 1))"
        " select band as user_id, n as n_events from bands",
        "select user_id, n_events from (select * from (values ('a', 1)) as v(user_id, n_events))",
    ],
)
def test_constants_whose_columns_are_named_hide_nothing(tmp_path, query):
    """The parser reads `values` as `select *`; the names stand beside them all the same."""
    assert load_sql_file(write_sql(tmp_path, "user/visits", HEADER + query)).name == "visits"


@pytest.mark.parametrize(
    "query",
    [
        "select user_id, (with sqlite_master as (select 1 as a) select a from sqlite_master)"
        " + (select count(*) from sqlite_master) as n_events from users",
        "with a as (select count(*) as n from sqlite_master), sqlite_master as (select 1 as b)"
        " select user_id, n as n_events from users, a, sqlite_master",
        "with sqlite_master as (select count(*) as n from sqlite_master)"
        " select user_id, n as n_events from users, sqlite_master",
    ],
)
def test_a_cte_is_known_only_where_it_is_seen(tmp_path, query):
    """Beside it, before it or inside of it the name means a table, here one of the system."""
    folder = write_folder(tmp_path, {"user/visits": query})
    with pytest.raises(
        SqlFileError, match=r"visits\.sql:10: reads the unknown table sqlite_master"
    ):
        load_folder(folder)


def test_a_recursive_cte_reads_itself(tmp_path):
    """Its name is its own, in capitals as well."""
    query = (
        "with recursive months(n) as (select 1 as n union all select n + 1 from Months where n < 9)"
        " select user_id, sum(n) as n_events from users, months group by user_id"
    )
    files = load_folder(write_folder(tmp_path, {"user/visits": query}))
    assert files["visits"].dependencies == {"users"}


def test_lines_of_errors_are_lines_of_the_file(tmp_path):
    """A query behind a header and comments is blamed on the line where it stands."""
    path = write_sql(tmp_path, "user/visits", HEADER + "\n-- a remark\n\nselect\n *\nfrom events\n")
    line = path.read_text(encoding="utf-8").splitlines().index(" *") + 1
    with pytest.raises(SqlFileError, match=rf"visits\.sql:{line}: `select \*`"):
        load_sql_file(path)


@pytest.mark.parametrize("name", ["Visits", "visits-2", "v\u0456sits", "2_visits", "x" * 64])
def test_a_file_is_named_like_a_table(tmp_path, name):
    """Capitals, hyphens, letters that look like others and long names are refused."""
    path = write_sql(tmp_path, f"user/{name}")
    with pytest.raises(SqlFileError, match=r"\.sql:1: the file's name '.*' is the table's"):
        load_sql_file(path)


def test_what_duckdb_itself_calls_volatile_is_refused(tmp_path):
    """Every scalar function and aggregate whose result is not decided by its arguments alone."""
    with duckdb.connect() as connection:
        functions = connection.execute(
            "select distinct function_name from duckdb_functions() where stability <> 'CONSISTENT' "
            "and function_type in ('scalar', 'aggregate') order by all"
        ).fetchall()
    assert ("random",) in functions
    for (name,) in functions:
        query = BODY.replace("count(*)", f"{name}()")
        path = write_sql(tmp_path, "user/visits", HEADER + query)
        with pytest.raises(SqlFileError, match=r"visits\.sql:\d+: "):
            load_sql_file(path)
