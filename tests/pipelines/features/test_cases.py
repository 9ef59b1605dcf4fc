"""Runs the given/expect cases of every SQL file, and once more with other later events."""

from datetime import date, datetime
from pathlib import Path

import pytest

from pipelines.authoring.case_file import Case, case_path, read_cases
from pipelines.authoring.cases import are_same_rows, expected_rows, run_case
from pipelines.authoring.futures import other_futures
from pipelines.features.folder import load_folder
from pipelines.features.settings import FeatureSettings
from pipelines.features.sql_file import load_sql_file
from tests.night_fixtures import REPOSITORY
from tests.pipelines.features.sql_text import HEADER, write_sql

CASES = REPOSITORY / "tests" / "feature_sql"
STAGING = (
    REPOSITORY / "feature_sql" / "staging",
    REPOSITORY / "docs" / "cookbook" / "files-source" / "feature_sql" / "staging",
)
FOLDER = load_folder(REPOSITORY / "feature_sql")
FILES = [
    *FOLDER.values(),
    *(load_sql_file(path) for folder in STAGING for path in sorted(folder.glob("*/*.sql"))),
]
SETTINGS = FeatureSettings()
DATED = {"events", "items", "users"}
ALL_CASES = [case for file in FILES for case in read_cases(case_path(CASES, file), file)]


@pytest.mark.parametrize("case", ALL_CASES, ids=lambda case: f"{case.file.name}: {case.name}")
def test_given_rows_lead_to_expected_rows(case):
    """The file's whole result over the given rows is what the case lists."""
    found, expected = run_case(case, FOLDER, SETTINGS), expected_rows(case)
    assert are_same_rows(found, expected), f"{found} instead of {expected}"


@pytest.mark.parametrize(
    "case",
    [case for case in ALL_CASES if case.limit and not DATED.isdisjoint(case.given)],
    ids=lambda case: f"{case.file.name}: {case.name}",
)
def test_what_comes_later_changes_nothing(case):
    """With more or nothing from as_of on (for a label: from until on) the result is the same."""
    for other in other_futures(case):
        found, expected = run_case(other.case, FOLDER, SETTINGS), expected_rows(case)
        assert are_same_rows(found, expected), f"{found} instead of {expected}"


def test_every_case_file_has_a_sql_file():
    """Cases of a file that is gone fail; that every file has cases is how they are read."""
    expected = {case_path(CASES, file) for file in FILES}
    assert sorted(CASES.glob("*.yaml")) == sorted(expected)


def test_a_file_that_looks_ahead_fails_the_second_run(tmp_path: Path):
    """A bound that takes a negative span off is found, though its case has no later event."""
    query = (
        "select user_id, count(*) as n_events from events\n"
        "where event_at < $as_of - to_days(~6) group by user_id\n"
    )
    file = load_sql_file(write_sql(tmp_path, "user/user_total", HEADER + query))
    events = [{"user_id": "ann", "event_at": datetime(2024, 3, 1)}]
    case = Case(file, "leak", {"as_of": datetime(2024, 4, 1)}, {"events": events}, [])
    later, none = other_futures(case)
    assert [run_case(one, {}, SETTINGS) for one in (case, later.case, none.case)] == [
        [{"user_id": "ann", "n_events": 1}],
        [{"user_id": "ann", "n_events": 3}],
        [{"user_id": "ann", "n_events": 1}],
    ]


ITEM = {"item_id": "eggs", "created_at": date(2024, 5, 1)}
SOLD = {"user_id": "ann", "item_id": "eggs", "event_at": datetime(2024, 3, 1)}
BOUND = "where created_at is null or created_at < $as_of"


@pytest.mark.parametrize(
    ("query", "given", "leaky"),
    [
        ("count(*) as n_events from items", {"items": [ITEM]}, ["items", "items"]),
        ("count(*) as n_events from items", {"items": []}, ["items"]),
        (f"count(*) as n_events from items {BOUND}", {"items": [ITEM]}, []),
        (
            "count(*) filter (created_at > $as_of) as n_events from items",
            {"items": [{"item_id": "tea"}]},
            ["items"],
        ),
        ("count(updated_at) as n_events from items", {"items": [{"item_id": "tea"}]}, ["items"]),
        (
            "count(updated_at) as n_events from items",
            {"items": [{"item_id": "tea", "updated_at": datetime(2024, 4, 1)}]},
            ["items", "items"],
        ),
        ("count(*) as n_events from users", {"users": [{"user_id": "ann"}]}, ["users"]),
        (f"count(*) as n_events from users {BOUND}", {"users": [{"user_id": "ann"}]}, []),
        # An item that was sold before was known, whatever its date says.
        (
            "count(*) as n_events from events join items using (item_id) where event_at < $as_of",
            {"items": [ITEM], "events": [SOLD]},
            [],
        ),
    ],
)
def test_items_and_users_of_later_change_nothing(tmp_path, query, given, leaky):
    """One that is created at the cutoff, or changed there, is in no result before it."""
    text = HEADER + f"select 'all' as user_id, {query}\n"
    file = load_sql_file(write_sql(tmp_path, "user/stock", text))
    case = Case(file, "stock", {"as_of": datetime(2024, 4, 1)}, given, [])
    rows = run_case(case, {}, SETTINGS)
    found = [
        other.table for other in other_futures(case) if run_case(other.case, {}, SETTINGS) != rows
    ]
    assert found == leaky
