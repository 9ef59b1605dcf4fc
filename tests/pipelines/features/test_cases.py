"""Runs the given/expect cases of every SQL file, and once more with other later events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import sqlglot
import yaml
from sqlglot import exp

from pipelines.features.folder import load_folder
from pipelines.features.sql_file import SqlFile, load_sql_file
from pipelines.sources.mapping import EVENT_COLUMNS, ITEM_COLUMNS
from tests.night_fixtures import REPOSITORY

CASES = REPOSITORY / "tests" / "feature_sql"
STAGING = (
    REPOSITORY / "feature_sql" / "staging",
    REPOSITORY / "docs" / "cookbook" / "files-source" / "feature_sql" / "staging",
)
TIMEZONE = "UTC"
MONEY = {"value", "quantity", "price"}
TYPES = {
    "event_at": pa.timestamp("us"),
    "received_at": pa.timestamp("us"),
    "created_at": pa.timestamp("us"),
    "updated_at": pa.timestamp("us"),
    "value": pa.decimal128(18, 4),
    "quantity": pa.decimal128(18, 4),
    "price": pa.decimal128(18, 4),
    "position": pa.int32(),
    "available": pa.bool_(),
    "tags": pa.list_(pa.string()),
    "vector": pa.list_(pa.float32()),
    "weight": pa.float64(),
}
COLUMNS = {
    "events": [name for name in EVENT_COLUMNS if name != "source_file"],
    "items": list(ITEM_COLUMNS),
    "users": ["user_id", "segment", "created_at"],
    "event_weights": ["event_type", "weight"],
}

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    """One entry of a case file and the SQL file that it is about."""

    file: SqlFile
    name: str
    binds: Mapping[str, Any]
    given: Mapping[str, list[Row]]
    expect: list[Row]

    @property
    def limit(self) -> datetime | None:
        """The moment from which on the file may see nothing."""
        return self.binds.get("until" if self.file.is_label else "as_of")


def sql_files() -> dict[str, SqlFile]:
    """Every SQL file by the name of its case file."""
    files = dict(load_folder(REPOSITORY / "feature_sql"))
    for folder in STAGING:
        for path in sorted(folder.glob("*/*.sql")):
            files[f"staging_{path.parent.name}_{path.stem}"] = load_sql_file(path)
    return files


FILES = sql_files()


def read_cases() -> Iterator[Case]:
    for path in sorted(CASES.glob("*.yaml")):
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))["cases"]:
            binds = {key: case[key] for key in ("as_of", "until") if key in case}
            binds["timezone"] = TIMEZONE
            yield Case(FILES[path.stem], case["name"], binds, case["given"], case["expect"])


def run_case(case: Case, given: Mapping[str, list[Row]]) -> list[dict[str, Any]]:
    """Rows of the file over *given*, in the order of its grain."""
    with duckdb.connect(config={"threads": "1"}) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for table, rows in given.items():
            connection.from_arrow(as_table(table, rows, case.file)).create(table)
        binds = {name: case.binds[name] for name in case.file.parameters}
        relation = connection.sql(case.file.sql, params=binds or None)
        assert relation.columns == list(case.file.header.columns)
        found = relation.order(", ".join(case.file.header.grain)).to_arrow_table().to_pylist()
    return [{name: plain(value) for name, value in row.items()} for row in found]


def as_table(table: str, rows: list[Row], file: SqlFile) -> pa.Table:
    """*rows* with every column that the table has, absent values null."""
    known = COLUMNS.get(table) or named_columns(table, file)
    if table in FILES and file.path != FILES[table].path:
        known = list(FILES[table].header.columns)
    names = list(dict.fromkeys([*known, *(name for row in rows for name in row)]))
    return pa.table({name: column(table, name, [row.get(name) for row in rows]) for name in names})


def named_columns(table: str, file: SqlFile) -> list[str]:
    """Columns of the raw *table* that *file* reads by their full name."""
    query = sqlglot.parse_one(file.sql, read="duckdb")
    return sorted({node.name for node in query.find_all(exp.Column) if node.table == table})


def column(table: str, name: str, values: list[Any]) -> pa.Array:
    if table not in COLUMNS:
        return (
            pa.array(values)
            if any(v is not None for v in values)
            else pa.nulls(len(values), pa.string())
        )
    kind = TYPES.get(name, pa.string())
    if name in MONEY:
        values = [None if value is None else Decimal(str(value)) for value in values]
    return pa.array(values, kind)


def plain(value: Any) -> Any:
    """*value* as YAML would write it; doubles to nine digits."""
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    return pytest.approx(value, rel=1e-6) if isinstance(value, float) else value


def expected(case: Case) -> list[dict[str, Any]]:
    """Rows to compare with; columns of staging files that a case leaves out are null."""
    columns = case.file.header.columns
    return [{name: plain_expected(row.get(name)) for name in columns} for row in case.expect]


def plain_expected(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)
    return value


ALL_CASES = list(read_cases())


@pytest.mark.parametrize("case", ALL_CASES, ids=lambda case: f"{case.file.name}: {case.name}")
def test_given_rows_lead_to_expected_rows(case):
    """The file's whole result over the given rows is what the case lists."""
    assert run_case(case, case.given) == expected(case)


@pytest.mark.parametrize(
    "case",
    [case for case in ALL_CASES if case.limit and "events" in case.given],
    ids=lambda case: f"{case.file.name}: {case.name}",
)
def test_what_comes_later_changes_nothing(case):
    """With more or no events from as_of on (for a label: from until on) the result is the same."""
    assert run_case(case, with_later_events(case)) == expected(case)
    seen = [event for event in case.given["events"] if event["event_at"] < case.limit]
    assert run_case(case, {**case.given, "events": seen}) == expected(case)


def with_later_events(case: Case) -> dict[str, list[Row]]:
    """The given rows, and each event once more at the limit and a day after it."""
    given = case.given["events"]
    moments = (case.limit, case.limit + timedelta(days=1))
    later = [
        {**event, "event_at": at, **({"event_id": f"{at} {number}"} if "event_id" in event else {})}
        for at in moments
        for number, event in enumerate(given)
    ]
    return {**case.given, "events": [*given, *later]}


def test_every_file_has_cases_and_every_case_a_file():
    """A SQL file without cases, or cases of a file that is gone, fail."""
    assert sorted(path.stem for path in CASES.glob("*.yaml")) == sorted(FILES)


@pytest.mark.parametrize("case", ALL_CASES, ids=lambda case: f"{case.file.name}: {case.name}")
def test_a_case_gives_every_table_that_its_file_reads(case):
    """No table is left to chance: given lists all of them, if only as empty."""
    assert set(case.given) == set(case.file.dependencies)


def test_a_file_that_looks_ahead_fails_the_second_run(tmp_path: Path):
    """A count that forgot its upper bound is found, though its case has no later event."""
    path = tmp_path / "user" / "user_total.sql"
    path.parent.mkdir()
    path.write_text(
        "/*---\ndescription: d\nowner: o\ngrain: [user_id]\nevent_time: null\nmax_age: null\n"
        "columns: {user_id: User., n_events: Events.}\nchecks: []\n---*/\n"
        "select user_id, count(*) as n_events from events\n"
        "where event_at >= $as_of - interval 7 day group by user_id\n",
        encoding="utf-8",
    )
    events = [{"user_id": "ann", "event_at": datetime(2024, 3, 31)}]
    binds = {"as_of": datetime(2024, 4, 1)}
    case = Case(load_sql_file(path), "leak", binds, {"events": events}, [])
    assert run_case(case, case.given) == [{"user_id": "ann", "n_events": 1}]
    assert run_case(case, with_later_events(case)) == [{"user_id": "ann", "n_events": 3}]
