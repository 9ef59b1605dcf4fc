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
from tests.pipelines.features.sql_text import write_sql

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
    ("old", "new", "cause"),
    [
        (SOUND, "cases: []\n", "an empty list of cases; write one"),
        (SOUND, "cases: [\n", "not valid YAML"),
        ("expect:", "expected:", r"cases\.0\.expect: Field required"),
        ("    as_of: 2024-04-01 00:00:00\n", "", "case 'a visit': gives no as_of"),
        ("events:", "event:", r"gives the tables \['event'\], the file reads \['events'\]"),
        ("name: a visit", "name: a visit\n    name: again", "the key name stands there twice"),
    ],
    ids=["empty", "YAML", "key", "moment", "table", "twice"],
)
def test_a_wrong_case_file_is_named(tmp_path, visits, old, new, cause):
    """With what is missing, and its path in front."""
    path = tmp_path / "visits.yaml"
    path.write_text(SOUND.replace(old, new), encoding="utf-8")
    with pytest.raises(SqlFileError, match=rf"visits\.yaml:1: .*{cause}"):
        read_cases(path, visits)


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
