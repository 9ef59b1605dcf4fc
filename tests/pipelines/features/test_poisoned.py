"""A folder of poisoned and broken files: each is refused or stopped, and the next night is well.

The files are read as bytes of `user/` beside two good ones, one of which is a label.
"""

import re
import shutil
import time
from pathlib import Path

import pytest

from pipelines.authoring.check import check_files
from pipelines.authoring.lake_leaks import refuse_leaks
from pipelines.features.build import SNAPSHOTS, build_features
from pipelines.features.folder import load_folder
from pipelines.features.problems import SqlFileError
from pipelines.files import hash_file, read_json
from pipelines.night import begin_night
from pipelines.quality.features import check_features
from settings.errors import NightshelfError
from tests.night_fixtures import make_shop, open_shop
from tests.pipelines.features.sql_text import BODY, write_folder

POISONED = Path(__file__).with_name("poisoned")
FILES = {path.stem: path for path in sorted(POISONED.glob("*.sql"))}
GOOD = {
    "user/visits": BODY,
    "label/bought_again": "select user_id, count(*) as n_events from events"
    " where event_at >= $as_of and event_at < $until group by user_id",
}
STATEMENT = r":10: expected exactly one SELECT statement, found \['{}'\]"
ANOTHER = " gives another result each time"
UNBOUNDED = "reads events without an upper bound of time; add event_at < "
HIDES = "`select *` hides columns"
LIMITS = {
    "NIGHTSHELF__FEATURES__TIMEOUT_S": "1",
    "NIGHTSHELF__FEATURES__MAX_ROWS": "10000",
    "NIGHTSHELF__FEATURES__MEMORY_LIMIT": "200MB",
    "NIGHTSHELF__FEATURES__TEMP_LIMIT": "100MB",
}

# What `features check` says, behind the path of the file.
REFUSED = {
    "attach_database": STATEMENT.format("ATTACH"),
    "call_function": STATEMENT.format("CALL"),
    "copy_out": STATEMENT.format("COPY"),
    "create_table": STATEMENT.format("CREATE"),
    "delete_rows": STATEMENT.format("DELETE"),
    "drop_table": STATEMENT.format("DROP"),
    "export_database": r":10: not valid SQL: .*'everything'",
    "insert_rows": STATEMENT.format("INSERT"),
    "install_extension": STATEMENT.format("LOAD"),
    "load_extension": r":\d+: expected exactly one SELECT statement, found \['LOAD'\]",
    "pragma": STATEMENT.format("PRAGMA"),
    "set_memory": STATEMENT.format("SET"),
    "two_statements": STATEMENT.format("SELECT', 'DROP"),
    "update_rows": STATEMENT.format("UPDATE"),
    "use_schema": STATEMENT.format("SET"),
    "describe_inside": ":11: describe has no place in a file",
    "insert_inside": ":11: insert has no place in a file",
    "file_as_table": r':11: reads "events\.csv"; a file reads tables by their plain name only',
    "getenv": f":10: getenv{ANOTHER}",
    "current_setting": f":10: current_setting{ANOTHER}",
    "glob_files": r":11: reads from GLOB\('/home/\*'\); a file reads tables by name only",
    "http_file": r':11: reads "https://example\.com/users\.parquet"; a file reads tables by',
    "path_up": r':11: reads "\.\./lake/users\.parquet"; a file reads tables by their plain name',
    "query_function": r":11: reads from QUERY\('drop table events'\); a file reads tables by name",
    "query_table": r":11: reads from QUERY_TABLE\('ev' \|\| 'ents'\); a file reads tables by",
    "read_csv": r":11: reads from READ_CSV\('/etc/passwd'\); a file reads tables by name only",
    "read_parquet": r":11: reads from READ_PARQUET\('lake/\*\.parquet'\); a file reads tables by",
    "read_text": r":10: reads from READ_TEXT\('/proc/self/environ'\); a file reads tables by name",
    "schema_table": r":11: reads information_schema\.tables; a file reads tables by their plain",
    "settings_table": r":11: reads from DUCKDB_SETTINGS\(\); a file reads tables by name only",
    "chance_any_value": f":10: any_value{ANOTHER}",
    "chance_approximate": f":10: approx_quantile{ANOTHER}",
    "chance_current_date": f":10: current_date{ANOTHER}",
    "chance_most_frequent": f":10: mode{ANOTHER}",
    "chance_now": f":10: now{ANOTHER}",
    "chance_random": f":10: random{ANOTHER}",
    "chance_sample": f":11: tablesample{ANOTHER}",
    "chance_today_in_age": f":10: age{ANOTHER}",
    "chance_uuid": f":10: uuid{ANOTHER}",
    "order_of_first": r":10: first\(item_id\) follows the order of the rows; give it an order by",
    "order_of_limit": ":14: limit without order by keeps any rows",
    "order_of_list": r":10: array_agg\(item_id\) follows the order of the rows",
    "order_of_rows": r":11: row_number\(\) follows the order of the rows; give its window",
    "time_after": r":12: event_at < \$as_of \+ .* may let in what comes later; write event_at <",
    "time_at_as_of": r":12: event_at <= \$as_of lets its last moment in; write event_at < \$as_of",
    "time_between": r":12: event_at BETWEEN .*: between lets both of its ends in; write event_at",
    "time_day": f":11: {UNBOUNDED}",
    "time_filter": f":11: {UNBOUNDED}",
    "time_join": f":12: {UNBOUNDED}",
    "time_left_join": f":11: {UNBOUNDED}",
    "time_lower_only": f":11: {UNBOUNDED}",
    "time_or": f":11: {UNBOUNDED}",
    "time_subquery": f":12: {UNBOUNDED}",
    "time_unbounded": f":11: {UNBOUNDED}",
    "time_until": r":1: \$until looks into the future; only files of label/ may use it",
    "time_window_function": f":12: {UNBOUNDED}",
    "label_read": ":11: reads the label bought_again, which knows the future",
    "huge_list": r":10: range\(0, 1000000000\) may make a value of any size",
    "huge_nested": r":10: repeat\('x', 10000\) may make a value of any size",
    "huge_string": r":10: repeat\(user_id, 1000000000\) may make a value of any size",
    "deep_brackets": ":10: brackets more than 100 deep",
    "deep_operators": ":1: operators more than 100 deep",
    "long_sum": ":1: not valid SQL: Parser Error: Max expression depth limit of 1000 exceeded",
    "cycle_first": r":11: files read each other in a circle: \S+ → \S+cycle_second\.sql → \S+$",
    "cycle_second": r":11: files read each other in a circle: \S+ → \S+ → \S+$",
    "reads_itself": r":11: files read each other in a circle: \S+ → \S+reads_itself\.sql$",
    "unknown_table": r":11: reads the unknown table visit; did you mean visits\?",
    "unknown_column": r':10: Binder Error: Referenced column "user_idd" not found .*"user_id"',
    "unknown_function": ':10: Catalog Error: .*cuont does not exist! Did you mean "count"',
    "wrong_type": r":10: Binder Error: No function matches .*sum\(VARCHAR\)",
    "hidden_table": ":10: calls a CTE users, which is the name of a table",
    "header_missing": ":1: no header; a file starts with",
    "header_open": ":1: no header; a file starts with",
    "header_typo": r":4: unknown header key grian \(did you mean grain\?\)",
    "header_unknown_key": ":3: unknown header key author; known: description, owner",
    "header_bad_yaml": ":5: the header is not valid YAML: expected ',' or ']'",
    "header_no_mapping": ":2: the header is not a mapping of keys to values",
    "header_aliases": r":7: the header is not valid YAML: aliases \(\*name\) are not allowed",
    "header_key_twice": ":4: the header is not valid YAML: the key owner stands there twice",
    "header_deep_yaml": ":2: the header is nested too deeply",
    "header_bad_age": ":6: header key max_age: 26 is not a duration",
    "header_object": ":3: the header is not valid YAML: could not determine a constructor",
    "grain_not_a_column": ":4: grain names the column item_id, which is not in columns; known: ",
    "grain_of_nobody": ":4: the grain column basket_id is none of users or items",
    "grain_of_items": r":4: the grain \['item_id'\] belongs to the folder item/, not to user/",
    "columns_missing": r":7: the header lists the columns \[.*'n_more'\], the query gives \[",
    "columns_swapped": r":7: the header lists .*, the query gives \['n_events', 'user_id'\]",
    "star": rf":10: {re.escape(HIDES)}",
    "star_of_a_table": rf":10: {re.escape(HIDES)}",
    "columns_pattern": rf":10: {re.escape(HIDES)}",
    "comment_nested": ":11: not valid SQL: ",
    "comment_closed_early": ":9: the header is not valid YAML: ",
    "comment_carriage_return": STATEMENT.format("SELECT', 'DROP"),
    "comment_only": r":1: expected exactly one SELECT statement, found \[\]",
    "letters_table": r":11: the name еvents has е \(U\+0435, cyrillic small letter ie\)",
    "letters_column": ":10: not valid SQL: ",
    "letters_bytes": r":1: not UTF-8 text \(byte 170\); save it as UTF-8",
    "letters_nul": r":10: expected exactly one SELECT statement, found \['SELECT', 'DROP'\]",
    "parameter_unknown": r":12: unknown parameter \$asof \(did you mean \$as_of\?\)",
    "parameter_question": r":12: unknown parameter \$\?; the runner binds \$as_of",
    "not_sql": ":10: not valid SQL: ",
    "open_quote": ":10: not valid SQL: ",
}

# What the night says of files that are not refused before they are run.
STOPPED = {
    "endless_join": r"endless_join\.sql: stopped after \[features\] timeout_s = 1 at cutoff",
    "endless_recursion": r"endless_recursion\.sql: stopped after \[features\] timeout_s = 1",
    "huge_result": r"huge_result\.sql: more than \[features\] max_rows = 10000 rows",
    "memory_hog": r"memory_hog\.sql: (fails at cutoff .*Out of Memory|stopped after)",
    "time_backwards": r"time_backwards\.sql:1: looks ahead: as of .*from all data: +user_id = u",
    "grain_doubled": r"grain_doubled.*unique",
    "grain_null": r"grain_null.*not_null",
    "columns_missing": r"columns_missing\.sql:7: the header lists the columns",
    "columns_swapped": r"columns_swapped\.sql:7: the header lists the columns",
    "unknown_column": r"unknown_column\.sql: fails at cutoff .*user_idd",
    "unknown_function": r"unknown_function\.sql: fails at cutoff .*cuont",
    "wrong_type": r"wrong_type\.sql: fails at cutoff .*sum\(VARCHAR\)",
}
COMPANIONS = {"cycle_first": ["cycle_second"], "cycle_second": ["cycle_first"]}
# They run: what is wrong with their grain is said by `check`, or when the ranker joins them.
JOINED_LATER = {"grain_of_items", "grain_of_nobody"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A small shop with the two good files, and a folder of SQL that tests put poison into."""
    folder = tmp_path_factory.mktemp("poisoned")
    make_shop(folder, users=10, items=12, weeks=8)
    write_folder(folder / "sql", GOOD)
    variables = {"NIGHTSHELF__FEATURES__DIRECTORY": str(folder / "sql"), **LIMITS}
    return open_shop(folder, variables)


@pytest.fixture
def folder(shop):
    """The folder of SQL; what a test put there is gone afterwards."""
    folder = shop.path.parent / "sql"
    yield folder
    shutil.rmtree(folder)
    write_folder(folder, GOOD)


def poison(folder, name):
    """Puts the poisoned file, and what belongs to it, into *folder*; its path there."""
    for stem in (name, *COMPANIONS.get(name, [])):
        shutil.copy(FILES[stem], folder / "user" / f"{stem}.sql")
    return folder / "user" / f"{name}.sql"


def do_features(shop):
    """The night as far as the gate of the features; hashes of the night's tables."""
    run = begin_night(shop)
    counts = {**build_features(run), **refuse_leaks(run)}
    check_features(run)
    snapshots = run.directory.parent.parent / "snapshots"
    hashes = {name: hash_file(snapshots / name) for name in read_json(run.path(SNAPSHOTS))}
    return hashes, counts["rebuilt"]


def test_every_poisoned_file_is_expected_to_fail():
    """At least forty files, and for each a message of the check or of the night."""
    assert set(FILES) == {*REFUSED, *STOPPED}
    assert len(FILES) >= 40


@pytest.mark.parametrize("name", REFUSED)
def test_the_check_names_file_line_and_cause(shop, folder, name):
    """The message begins with the file and its line, says what is wrong, and takes no time."""
    path = poison(folder, name)
    started = time.monotonic()
    problems = [str(problem) for problem in check_files(shop) if not problem.is_note]
    assert time.monotonic() - started < 5
    blamed = [path, *(path.with_name(f"{other}.sql") for other in COMPANIONS.get(name, []))]
    pattern = re.compile(rf"({'|'.join(re.escape(str(p)) for p in blamed)}){REFUSED[name]}")
    assert any(pattern.match(problem) for problem in problems), problems


@pytest.mark.parametrize("name", sorted(REFUSED.keys() - STOPPED.keys() - JOINED_LATER))
def test_no_night_begins_to_run_it(shop, folder, name):
    """The folder is refused before anything of it is run."""
    poison(folder, name)
    with pytest.raises(SqlFileError, match=name.replace("cycle_second", "cycle_first")):
        load_folder(folder)


@pytest.mark.parametrize("name", STOPPED)
def test_the_night_stops_and_the_next_one_is_well(shop, folder, name):
    """It fails in time with file and cause; without the file all is as it was before."""
    before, _ = do_features(shop)
    path = poison(folder, name)
    started = time.monotonic()
    with pytest.raises(NightshelfError) as caught:
        do_features(shop)
    assert time.monotonic() - started < 20
    assert re.search(STOPPED[name], str(caught.value), re.DOTALL), str(caught.value)
    path.unlink()
    assert do_features(shop) == (before, 0)
