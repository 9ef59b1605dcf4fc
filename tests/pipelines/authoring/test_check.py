"""`features check` names every problem of the folder at once, and is quick."""

import json
import time

import pytest

from pipelines.__main__ import main
from pipelines.authoring.check import check_files
from pipelines.features.problems import SqlFileError
from settings import load_settings
from tests.night_fixtures import REPOSITORY
from tests.pipelines.features.sql_text import BODY, HEADER, write_folder, write_sql

READER = """with counts as (
    select user_id, n_events from visits
)

select counts.user_id, sum(counts.n_events) as n_events
from counts
left join users on users.user_id = counts.user_id
group by counts.user_id
"""


@pytest.fixture
def project(tmp_path):
    """Settings of an empty project, whose folder of SQL is `sql`."""
    file = tmp_path / "nightshelf.toml"
    file.write_text('[features]\ndirectory = "sql"\ncases = "cases"\n', encoding="utf-8")
    return load_settings(file, {})


@pytest.fixture
def sql(project):
    return project.path.parent / "sql"


def messages(problems, folder):
    return [str(problem).replace(f"{folder}/", "") for problem in problems]


def test_the_demos_folder_is_sound():
    """No file of the repository has a problem, staging files included."""
    settings = load_settings(REPOSITORY / "nightshelf.toml", {})
    assert [str(problem) for problem in check_files(settings) if not problem.is_note] == []


def test_all_problems_of_all_files_are_told(project, sql):
    """Several rules of one file, broken staging, and a file that only binding refuses."""
    write_folder(
        sql,
        {
            "user/chance": "select user_id, random() as n_events\nfrom events limit 3",
            "user/misspelt": "select user_idd as user_id, 1 as n_events from users",
            "user/reader": "select user_id, n_events from misspelt",
            "staging/shop/items": "select * from products",
        },
    )
    assert [line.split(";")[0] for line in messages(check_files(project), sql)] == [
        "staging/shop/items.sql:10: `select *` hides columns",
        "user/chance.sql:10: random gives another result each time",
        "user/chance.sql:11: limit without order by keeps any rows",
        "user/chance.sql:11: reads events without an upper bound of time",
        'user/misspelt.sql:10: Binder Error: Referenced column "user_idd" not found in FROM '
        'clause! Candidate bindings: "user_id", "segment"',
    ]


def test_one_file_can_be_checked_by_path_or_by_table(project, sql):
    """The others are read, since files read each other, but not reported."""
    write_folder(sql, {"user/visits": BODY, "user/bad": "select 1", "item/worse": "drop table x"})
    path = str(sql / "user" / "bad.sql")
    assert check_files(project, ["visits"]) == []
    assert check_files(project, [path]) == check_files(project, ["user/bad"]) != []
    with pytest.raises(SqlFileError, match=r"visit: no SQL file of .*; did you mean visits\?$"):
        check_files(project, ["visit"])


@pytest.mark.parametrize(
    ("folder", "grain", "message"),
    [
        ("user", "[item_id]", "the grain ['item_id'] belongs to the folder item/, not to user/"),
        ("item", "[user_id, item_id]", "belongs to the folder user_item/, not to item/"),
        ("user_item", "[user_id]", "belongs to the folder user/, not to user_item/"),
        ("label", "[item_id]", "a label has the grain [user_id] or [user_id, item_id], found"),
        ("user", "[user_id, user_id]", "names a column twice"),
        ("user_item", "[user_id, shelf]", "the grain column shelf is none of users or items"),
    ],
)
def test_a_grain_fits_its_folder(project, sql, folder, grain, message):
    """The folder says what the rows are about; the line is that of the key."""
    columns = "columns: {user_id: User., item_id: Item., shelf: Shelf., n_events: Events.}"
    header = HEADER.replace("[user_id]", grain).replace(
        "columns: {user_id: User., n_events: Events.}", columns
    )
    bound = "event_at >= $as_of and event_at < $until" if folder == "label" else "event_at < $as_of"
    query = (
        f"select user_id, item_id, session_id as shelf, 1 as n_events\nfrom events\nwhere {bound}\n"
    )
    write_sql(sql, f"{folder}/visits", header + query)
    found = messages(check_files(project), sql)
    assert len(found) == 1
    assert found[0].startswith(f"{folder}/visits.sql:4: ")
    assert message in found[0]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("interval 3 day", "INTERVAL"),
        ("time '12:00'", "TIME"),
        ("'a'::blob", "BLOB"),
        ("union_value(a := 1)", "UNION(a INTEGER)"),
    ],
)
def test_a_column_is_of_a_type_that_rankers_read(project, sql, value, kind):
    """Spans, times of day and bytes are refused before a night fails at them in training."""
    write_folder(sql, {"user/odd": "select 'a' as user_id, " + value + " as n_events"})
    assert messages(check_files(project), sql) == [
        f"user/odd.sql:7: the column n_events is of type {kind}, which no ranker reads; make it a "
        "number, a boolean, a moment, a text or a list of such"
    ]


@pytest.mark.parametrize(
    "value", ["map {'a': 1}", "{'a': 1}", "[1.5]", "timestamp 'infinity'", "true", "1.5"]
)
def test_other_types_are_taken(project, sql, value):
    """Numbers, booleans, moments, and lists or the like for other readers."""
    write_folder(sql, {"user/odd": "select 'a' as user_id, " + value + " as n_events"})
    assert messages(check_files(project), sql) == []


def test_what_spark_does_otherwise_is_a_note(project, sql):
    """An ordered list, which loses its order there, refuses nothing."""
    query = (
        "select user_id, len(list(item_id order by event_at)) as n_events\nfrom events\n"
        "where event_at < $as_of\ngroup by user_id\n"
    )
    write_folder(sql, {"user/visits": query})
    (note,) = check_files(project)
    assert note.is_note
    assert messages([note], sql) == [
        "user/visits.sql:10: note: for Spark: list(… order by …) loses its order there"
    ]


@pytest.mark.parametrize(
    ("name", "spans", "note"),
    [
        ("visits_28d", ["interval 14 day"], "interval '14' day"),
        ("visits_4w", ["interval '14 days'"], "interval '14' days"),
        ("visits_28d", ["interval 28 day"], None),
        ("visits_28d", ["interval 4 week"], None),
        ("visits_24h", ["interval 1 day"], None),
        ("visits_28d", ["interval 56 day", "interval 28 day"], None),
        ("visits", ["interval 14 day"], None),
    ],
)
def test_a_window_is_the_one_that_the_name_says(project, sql, name, spans, note):
    """Where every window of the file is another: a remark, since there may be a reason."""
    query = BODY
    for span in spans:
        query = query.replace("where", f"where\n    event_at >= $as_of - {span} and")
    write_folder(sql, {f"user/{name}": query})
    said = name.partition("_")[2]
    message = f"note: the name says {said}, and the query {note}; let both say the same window"
    assert messages(check_files(project), sql) == (
        [f"user/{name}.sql:11: {message}"] if note else []
    )


def test_columns_that_differ_are_told_with_what_to_do(project, sql):
    """Those of the header, those of the query, and those that stand in another order."""
    write_folder(
        sql,
        {
            "user/typo": "select user_id, 1 as n_evnts from users",
            "user/short": "select user_id from users",
            "user/more": "select user_id, 1 as n_events, 2 as price from users",
            "user/order": "select 1 as n_events, user_id from users",
        },
    )
    found = [line.partition("]; ")[2] for line in messages(check_files(project), sql)]
    assert found == [
        "not in the header: price (add `price:` and a sentence to columns)",
        "the same columns in another order; put those of the header in that of the select",
        "not in the result: n_events (add it there, or take it out of columns)",
        "not in the result: n_events (did you mean n_evnts?); not in the header: n_evnts (add "
        "`n_evnts:` and a sentence to columns)",
    ]


def test_columns_of_the_source_count_before_anything_is_ingested(project, sql):
    """What the staging SQL of the users adds may be read."""
    users = HEADER.replace("n_events: Events.", "country: Country.")
    query = "select user_id, country from customers\n"
    write_sql(sql, "staging/complete_journey/users", users + query)
    write_folder(sql, {"user/visits": "select user_id, length(country) as n_events from users"})
    assert check_files(project) == []


def test_a_hundred_files_take_less_than_three_seconds(project, sql):
    """Fifty files that read events, and fifty that read them; twice that on a busy machine."""
    counts = {f"user/count_{n}": BODY for n in range(50)}
    readers = {f"user/reader_{n}": READER.replace("visits", f"count_{n}") for n in range(50)}
    write_folder(sql, {**counts, **readers})
    started = time.process_time()
    assert check_files(project) == []
    assert time.process_time() - started < 3


def test_the_command_prints_problems_and_fails(project, sql, capsys):
    """Every problem on standard output, the count as the error."""
    write_folder(sql, {"user/visits": "select user_id, now() as n_events\nfrom events"})
    assert main(["--settings", str(project.path), "features", "check"]) == 1
    printed = capsys.readouterr()
    assert printed.out.replace(f"{sql}/", "").splitlines() == [
        "user/visits.sql:10: now gives another result each time; the only moment is $as_of",
        "user/visits.sql:11: reads events without an upper bound of time; add event_at < $as_of "
        "to the where of this select",
    ]
    assert printed.err == "error: 2 problems in 1 file; mend what is named and check again\n"


def test_editors_get_json(project, sql, capsys):
    """File, line, severity and message of each problem; an empty list when there is none."""
    path = write_sql(sql, "user/visits", HEADER + "select *\nfrom users\n")
    assert main(["--settings", str(project.path), "features", "check", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == [
        {
            "file": str(path),
            "line": 10,
            "severity": "error",
            "message": "`select *` hides columns; name them, so that the header and the result "
            "can be compared",
        }
    ]
    write_sql(sql, "user/visits")
    assert main(["--settings", str(project.path), "features", "check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_one_file_is_sound(project, sql, capsys):
    """And two are."""
    write_folder(sql, {"user/visits": BODY, "user/others": BODY})
    assert main(["--settings", str(project.path), "features", "check", "visits"]) == 0
    assert main(["--settings", str(project.path), "features", "check"]) == 0
    assert capsys.readouterr().out.splitlines() == ["1 file is sound", "2 files are sound"]
