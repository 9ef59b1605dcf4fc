"""Case files that are wrong are named, and rows that differ are shown value by value."""

from datetime import datetime

import pyarrow as pa
import pytest

from pipelines.authoring.case_file import read_cases
from pipelines.authoring.differences import first_difference
from pipelines.authoring.trial import difference_table, failures_of
from pipelines.features.problems import SqlFileError
from pipelines.features.sql_file import load_sql_file
from settings import load_settings
from tests.pipelines.features.sql_text import BODY, HEADER, write_sql

SOUND = """cases:
  - name: a visit
    as_of: 2024-04-01 00:00:00
    given:
      events:
        - {user_id: ann, event_at: 2024-03-01 00:00:00}
    expect:
      - {user_id: ann, n_events: 1}
"""


@pytest.fixture
def visits(tmp_path):
    """The SQL file that the cases are about."""
    return load_sql_file(write_sql(tmp_path, "user/visits"))


def test_a_case_is_read(tmp_path, visits):
    """Moments are bound, and the limit of what may be seen is as_of."""
    (tmp_path / "visits.yaml").write_text(SOUND, encoding="utf-8")
    (case,) = read_cases(tmp_path / "visits.yaml", visits)
    assert (case.name, case.limit, case.binds) == (
        "a visit",
        datetime(2024, 4, 1),
        {"timezone": "UTC", "as_of": datetime(2024, 4, 1)},
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "cause"),
    [
        (SOUND, "cases: []\n", 1, "an empty list of cases; write one"),
        (SOUND, "cases: [\n", 2, "not valid YAML: expected the node content"),
        ("a visit", "a visit: late", 2, "not valid YAML: mapping values are not allowed here; a"),
        ("a visit", "'a visit' or two", 2, "not valid YAML: expected <block end>"),
        ("a visit", "@visit", 2, "not valid YAML: found character '@' that cannot start any token"),
        (
            "expect:",
            "expected:",
            7,
            "case 'a visit': unknown key expected; did you mean expect?",
        ),
        ("expect:", "results:", 2, "case 'a visit': the key expect is missing; a case has name, "),
        ("  - name: a visit\n    as_of", "  - as_of", 2, "case 1: the key name is missing; a case"),
        ("cases:", "case:", 1, "the key cases is missing; write cases: and a list"),
        (
            "as_of:",
            "timezne: UTC\n    as_of:",
            3,
            "case 'a visit': unknown key timezne; did you mean",
        ),
        (
            "as_of:",
            "zzz: UTC\n    as_of:",
            3,
            "case 'a visit': unknown key zzz; known: name, as_of, ",
        ),
        (
            "as_of: 2024-04-01 00:00:00",
            "as_of: soon",
            3,
            "case 'a visit': as_of: Input should be a v",
        ),
        ("    as_of: 2024-04-01 00:00:00\n", "", 2, "case 'a visit': gives no as_of"),
        ("events:", "event:", 4, "gives the tables ['event'], the file reads ['events']"),
        ("name: a visit", "name: a visit\n    name: again", 3, "the key name stands there twice"),
    ],
)
def test_a_wrong_case_file_is_named(tmp_path, visits, old, new, line, cause):
    """With its line, what is wrong and what to write."""
    path = tmp_path / "visits.yaml"
    path.write_text(SOUND.replace(old, new), encoding="utf-8")
    with pytest.raises(SqlFileError) as caught:
        read_cases(path, visits)
    found = str(caught.value).splitlines()
    assert any(one.startswith(f"{path}:{line}: ") and cause in one for one in found), found


def test_a_case_is_counted_from_one(tmp_path, visits):
    """The second of two cases, which has no name, on its own line."""
    path = tmp_path / "visits.yaml"
    path.write_text(SOUND + "  - as_of: 2024-04-01\n    given: {}\n", encoding="utf-8")
    with pytest.raises(SqlFileError) as caught:
        read_cases(path, visits)
    assert [text.split(";")[0] for text in str(caught.value).splitlines()] == [
        f"{path}:9: case 2: the key name is missing",
        f"{path}:9: case 2: the key expect is missing",
    ]


def try_case(tmp_path, text, files=None, name="user/visits", query=BODY, header=HEADER):
    """What `features test` says of a file and the cases *text*, without the path in front."""
    file = load_sql_file(write_sql(tmp_path, name, header + query))
    settings = tmp_path / "nightshelf.toml"
    settings.write_text('[features]\ncases = "."\n', encoding="utf-8")
    (tmp_path / f"{file.name}.yaml").write_text(text, encoding="utf-8")
    failures = failures_of(file, {file.name: file, **(files or {})}, load_settings(settings, {}))
    return [failure.replace(f"{tmp_path}/", "") for failure in failures]


GIVEN = "{user_id: ann, event_at: 2024-03-01 00:00:00}"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            GIVEN,
            "{user_id: 1, event_at: 2024-03-01}",
            "6: case 'a visit': events.user_id is 1 (a whole number), expected a text; write it in "
            'quotes: user_id: "1"',
        ),
        (
            GIVEN,
            "{user_id: ann, event_at: yesterday}",
            "6: case 'a visit': events.event_at is 'yesterday' (a text), expected a moment; write "
            "it like 2024-04-01 00:00:00, without quotes",
        ),
        (
            GIVEN,
            "{user_id: ann, event_at: 20240301}",
            "6: case 'a visit': events.event_at is 20240301 (a whole number), expected a moment; "
            "write it like 2024-04-01 00:00:00, without quotes",
        ),
        (
            "event_at: 2024-03-01 00:00:00",
            "event_at: 2024-03-01, value: dear",
            "6: case 'a visit': events.value is 'dear' (a text), expected a number; write it "
            "without quotes",
        ),
        (
            "event_at: 2024-03-01 00:00:00",
            "event_at: 2024-03-01, position: true",
            "6: case 'a visit': events.position is True (true or false), expected a whole number; "
            "write it without quotes or a point",
        ),
        (
            "event_at: 2024-03-01 00:00:00",
            "event_at: 2024-03-01, event_typ: view",
            "6: case 'a visit': events has no column event_typ; did you mean event_type?",
        ),
        (
            "event_at: 2024-03-01 00:00:00",
            "event_at: 2024-03-01, zzz: view",
            "6: case 'a visit': events has no column zzz; known: event_id, user_id, item_id, "
            "event_type, event_at, value, quantity, session_id, recommendation_id, position, "
            "context, received_at",
        ),
        (
            "n_events: 1",
            "n_event: 1",
            "8: case 'a visit': expect has no column n_event; did you mean n_events?",
        ),
        (
            "{user_id: ann, n_events: 1}",
            "{user_id: 7, n_events: 1}",
            "8: case 'a visit': expect.user_id is 7 (a whole number), expected a text; write it in "
            'quotes: user_id: "7"',
        ),
    ],
)
def test_what_a_case_cannot_mean_is_named(tmp_path, old, new, message):
    """File, line, case, table, column, what was found and what to write: no traceback."""
    assert try_case(tmp_path, SOUND.replace(old, new)) == [f"visits.yaml:{message}"]


@pytest.mark.parametrize(
    ("check", "broken"),
    [
        ("between: {column: n_events, min: 2}", "between of n_events fails: 1 row, smallest 1, la"),
        ("values: {column: user_id, allowed: [bob]}", "values of user_id fails: 1 row, such as us"),
        ("between: {column: n_events, min: 1}", None),
    ],
)
def test_a_case_keeps_to_the_checks_of_its_file(tmp_path, check, broken):
    """What a case expects is what a night's gate must let pass; no row is no fault."""
    header = HEADER.replace("checks: []", f"checks: [{{{check}}}]")
    found = try_case(tmp_path, SOUND, header=header)
    if broken is None:
        assert found == []
    else:
        (failure,) = found
        assert failure.startswith(f"visits.yaml:7: case 'a visit': check {broken}")
        assert failure.endswith("; correct the case, or the header of user/visits.sql")
    text = SOUND.replace(f"\n        - {GIVEN}", " []").replace(
        "\n      - {user_id: ann, n_events: 1}", " []"
    )
    assert try_case(tmp_path, text, header=header) == []


def test_every_wrong_value_of_every_case_is_told(tmp_path):
    """One case does not end the file, and a day is as good as a moment."""
    text = SOUND.replace(GIVEN, "{user_id: 1, event_typ: view, event_at: 2024-03-01}")
    text += SOUND.partition("\n")[2].replace("a visit", "another").replace("n_events: 1", "n: 1")
    text += SOUND.partition("\n")[2].replace("2024-03-01 00:00:00", "2024-03-01")
    assert [line.split(";")[0] for line in try_case(tmp_path, text)] == [
        "visits.yaml:6: case 'a visit': events.user_id is 1 (a whole number), expected a text",
        "visits.yaml:6: case 'a visit': events has no column event_typ",
        "visits.yaml:15: case 'another': expect has no column n",
    ]


READER = "select user_id, n_events from visits join users using (user_id)\n"
READ = """cases:
  - name: a reader
    given:
      users: [{user_id: ann, shoe_size: 9}]
      visits: [{user_id: ann, n_events: 1}, {user_id: bob, n_events: 2}]
    expect: [{user_id: ann, n_events: 1}]
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (", shoe_size: 9", "", None),
        ("", "", "4: case 'a reader': users has no column shoe_size; known: user_id, segment, "),
        (
            "n_events: 2",
            "n_event: 2",
            "5: case 'a reader': visits has no column n_event; did you mean n_events?",
        ),
        (
            "user_id: bob",
            "user_id: 2",
            "5: case 'a reader': visits.user_id is 2 (a whole number), ",
        ),
        ("n_events: 2", "n_events: two", "5: case 'a reader': visits.n_events has 1, 'two', "),
    ],
)
def test_tables_of_the_folder_have_the_columns_of_their_headers(tmp_path, old, new, message):
    """Their types are those of the values, which have to agree; ids are texts everywhere."""
    visits = load_sql_file(write_sql(tmp_path, "user/visits"))
    text = READ.replace(", shoe_size: 9", "") if message and old else READ
    found = try_case(tmp_path, text.replace(old, new), {"visits": visits}, "user/reader", READER)
    if message is None:
        assert found == []
    else:
        assert found[0].startswith(f"reader.yaml:{message}")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("{customer: ann, remark: new}", None),
        (
            "{custmer: ann}",
            "4: case 'raw': clients has no column custmer; did you mean customer?",
        ),
    ],
)
def test_raw_tables_have_other_columns_too(tmp_path, given, message):
    """One that is read under a name that is nearly the same was meant for it."""
    text = f"cases:\n  - name: raw\n    given:\n      clients: [{given}]\n    expect: "
    text += "[{user_id: ann, n_events: 1}]\n"
    query = "select customer as user_id, 1 as n_events from clients\n"
    path = write_sql(tmp_path, "staging/shop/users", HEADER + query)
    settings = tmp_path / "nightshelf.toml"
    settings.write_text('[features]\ncases = "."\n', encoding="utf-8")
    (tmp_path / "staging_shop_users.yaml").write_text(text, encoding="utf-8")
    found = list(failures_of(load_sql_file(path), {}, load_settings(settings, {})))
    assert found == ([] if message is None else [f"{tmp_path}/staging_shop_users.yaml:{message}"])


def test_a_file_without_cases_fails(tmp_path, visits):
    """The message says where they belong."""
    settings = tmp_path / "nightshelf.toml"
    settings.write_text('[features]\ncases = "cases"\n', encoding="utf-8")
    (failure,) = failures_of(visits, {}, load_settings(settings, {}))
    assert failure == (
        f"{visits.path}:1: has no cases; write some to {tmp_path}/cases/visits.yaml: given rows "
        "and the rows expected"
    )


def test_each_differing_value_has_a_line():
    """Rows that are missing or too many, values that differ, and nothing of those that agree."""
    expected = [
        {"user_id": "ann", "n": 1, "share": 0.5},
        {"user_id": "bob", "n": 2, "share": None},
        {"user_id": "cat", "n": 3, "share": 1.0},
    ]
    found = [
        {"user_id": "ann", "n": 1, "share": 0.5000000001},
        {"user_id": "bob", "n": 2, "share": 0.25},
        {"user_id": "dan", "n": 4, "share": 0.0},
    ]
    assert difference_table(expected, found, ["user_id"]).splitlines() == [
        "  user_id  column  expected  found",
        "  bob      share   null      0.25",
        "  cat      (row)   a row     none",
        "  dan      (row)   none      user_id: dan, n: 4, share: 0.0",
    ]


def test_long_differences_are_cut():
    """Twenty lines, and how many more there are."""
    expected = [{"user_id": f"u{n:02d}"} for n in range(25)]
    lines = difference_table(expected, [], ["user_id"]).splitlines()
    assert len(lines) == 22
    assert lines[-1] == "  … and 5 more"


def rows(**columns):
    return pa.table(columns).to_batches()


@pytest.mark.parametrize(
    ("left", "right", "found"),
    [
        (rows(k=["a"], v=[1.0]), rows(k=["a"], v=[1.0 + 1e-12]), None),
        (rows(k=["a"], v=[float("nan")]), rows(k=["a"], v=[float("nan")]), None),
        ([], [], None),
        (rows(k=["a"], v=[1]), rows(k=["a"], v=[2]), ({"k": "a", "v": 1}, {"k": "a", "v": 2})),
        (
            rows(k=["a"], v=[1]),
            rows(k=["a"], v=[None]),
            ({"k": "a", "v": 1}, {"k": "a", "v": None}),
        ),
        (rows(k=["a", "b"], v=[1, 2]), rows(k=["b"], v=[2]), ({"k": "a", "v": 1}, None)),
        (rows(k=["b"], v=[2]), rows(k=["a", "b"], v=[1, 2]), (None, {"k": "a", "v": 1})),
        (rows(k=["a"], v=[1]), [], ({"k": "a", "v": 1}, None)),
    ],
)
def test_the_first_difference_is_found(left, right, found):
    """The row of both sides where they share its key, else the one that a side lacks."""
    assert first_difference(left, right, ["k"]) == found
