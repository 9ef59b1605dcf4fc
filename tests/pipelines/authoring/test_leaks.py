"""The leak test on a lake: what is found, where it is blamed, and when it is run again."""

from datetime import datetime

import pytest

from pipelines.__main__ import main
from pipelines.authoring.lake_leaks import TESTED, find_lake_leaks, refuse_leaks
from pipelines.authoring.leaks import find_leak
from pipelines.authoring.workbench import open_workbench
from pipelines.features.build import build_features
from pipelines.features.database import feature_table, open_features
from pipelines.features.problems import SqlFileError
from pipelines.features.sandbox import open_sandbox
from pipelines.features.settings import FeatureSettings
from pipelines.files import read_json
from pipelines.index import build_index, load_index
from pipelines.inputs import run_cutoffs
from pipelines.interactions import load_interactions
from pipelines.night import begin_night
from pipelines.sources.ingest import ingest
from tests.night_fixtures import STAGING, make_shop, open_shop, write_csv
from tests.pipelines.features.sql_text import BODY, write_folder

# A negative span that the parser of the rules does not know for one.
AHEAD = BODY.replace("$as_of", "$as_of - to_days(~6)")
UNION = "{union_by_name = true}"
LABEL = (
    "select user_id, count(*) as n_events from events"
    " where event_at >= $as_of and event_at < $until group by user_id"
)
FILES = {"user/visits": BODY, "label/again": LABEL}
CASE = """cases:
  - name: a visit
    as_of: 2024-04-01 00:00:00
    given:
      events:
        - {{user_id: ann, event_at: 2024-03-01 00:00:00}}
    expect:
      - {{user_id: ann, n_events: {count}}}
"""
CUTOFF = datetime(2024, 4, 29)  # the newest labelled one


@pytest.fixture
def shop(tmp_path):
    """A function: settings of a small ingested shop with feature files of the test's own."""
    make_shop(tmp_path, users=10, items=12, weeks=8)

    def open_with(files, **environ):
        folder = write_folder(tmp_path / "sql", {**FILES, **files})
        variables = {"NIGHTSHELF__FEATURES__DIRECTORY": str(folder), **environ}
        settings = open_shop(tmp_path, variables)
        ingest(settings)
        return settings

    return open_with


def leaks(settings, *names):
    """(table, row from all data, row from data cut) of every leak."""
    bench = open_workbench(settings)
    assert bench.newest_labelled == CUTOFF
    found = find_lake_leaks(bench, names or list(bench.files), CUTOFF)
    return [(leak.file.name, leak.with_all, leak.with_past) for leak in found]


def add_dated_item(tmp_path):
    """One more item, never sold, created and changed after the cutoff; the others have no dates."""
    with (tmp_path / "products.csv").open("a", encoding="utf-8") as file:
        file.write("i900,Tea no. 900,tea,1.50,true\r\n")
    dates = "case when product = 'i900' then '2024-05-01' end as {}"
    columns = ", ".join(map(dates.format, ("created_at", "updated_at")))
    text = STAGING["items"].replace("\nfrom products", f", {columns}\nfrom products")
    text = text.replace(
        "checks: []", "  created_at: Listing.\n  updated_at: Last change.\nchecks: []"
    )
    (tmp_path / "staging" / "items.sql").write_text(text, encoding="utf-8")


def test_sound_files_have_no_leak(shop):
    """Features are compared without what came later, labels without what came after them."""
    assert leaks(shop({})) == []


def test_a_leak_is_shown_by_a_row_of_both_sides(shop):
    """One that counts a week too many, and one whose label looks past its window."""
    found = leaks(
        shop(
            {
                "user/ahead": AHEAD,
                "label/later": LABEL.replace("$until ", "$until - to_days(~6) "),
            }
        )
    )
    (name, with_all, with_past), *others = found
    assert name == "ahead"
    assert with_all["user_id"] == with_past["user_id"]
    assert with_all["n_events"] > with_past["n_events"]
    assert others == []  # nothing happened after the last label window


def test_the_file_that_looks_ahead_is_blamed_and_not_its_reader(shop):
    """A table that reads a leaky one passes on what it is given."""
    reader = "select user_id, n_events from ahead join users using (user_id)"
    assert [leak[0] for leak in leaks(shop({"user/ahead": AHEAD, "user/reader": reader}))] == [
        "ahead"
    ]
    assert [leak[0] for leak in leaks(shop({}), "reader")] == ["ahead"]


BOUND = "where created_at is null or created_at < $as_of"


@pytest.mark.parametrize(
    ("query", "leaky"),
    [
        ("select 'all' as user_id, count(*) as n_events from items", ["stock"]),
        ("select 'all' as user_id, count(*) as n_events from items BOUND", []),
        ("select 'all' as user_id, count(updated_at) as n_events from items", ["stock"]),
        ("select 'all' as user_id, sum(price) as n_events from items BOUND", []),
    ],
    ids=["created later", "bound", "changed later", "a value that was changed"],
)
def test_dates_of_items_count(shop, tmp_path, query, leaky):
    """An item that came later, or a moment of change, is what nobody knew; a value is kept."""
    add_dated_item(tmp_path)
    assert [
        leak[0] for leak in leaks(shop({"user/stock": query.replace("BOUND", BOUND)}), "stock")
    ] == leaky


def test_a_night_tests_each_snapshot_once(shop):
    """A new file is tested, an unchanged folder is not tested again, and a leak stops the run."""
    run = begin_night(shop({}))
    build_features(run)
    assert refuse_leaks(run) == {"leak_tested": 2}
    assert refuse_leaks(run) == {"leak_tested": 0}
    tested = read_json(run.directory.parent.parent / "snapshots" / TESTED)
    assert [name.rpartition("-")[0] for name in tested] == [
        f"{min(run_cutoffs(run).labelled):%Y%m%dT%H%M%S}/{name}"
        for name in ("label/again", "user/visits")
    ]
    run = begin_night(shop({"user/ahead": AHEAD}))
    build_features(run)
    with pytest.raises(SqlFileError, match=r"ahead\.sql:1: looks ahead: as of 2024-\d\d-\d\d"):
        refuse_leaks(run)
    with pytest.raises(SqlFileError, match=r"from data cut there: user_id = u000"):
        refuse_leaks(run)


def test_a_leak_test_takes_no_longer_than_a_file_may(shop):
    """Of a table that a night has built, too: the message names the file and the limit."""
    endless = (
        "select users.user_id, sum(a.range * b.range) as n_events"
        " from users, range(9000000) a, range(9000000) b group by users.user_id"
    )
    bench = open_workbench(shop({"user/endless": endless}))
    limits = FeatureSettings(timeout_s=1)
    scratch = bench.lake.directory / "scratch"
    with open_sandbox(limits, readable=[], scratch=scratch) as connection:
        connection.sql("select 'u1' as user_id").create("users")
        with pytest.raises(
            SqlFileError,
            match=r"endless\.sql:1: stopped after \[features\] timeout_s = 1 in the leak test$",
        ):
            find_leak(connection, connection, bench.files["endless"], bench.context(CUTOFF), limits)


def test_a_sample_of_users_is_enough(shop):
    """With fewer events asked for than there are, whole users are looked at."""
    settings = shop({"user/ahead": AHEAD}, NIGHTSHELF__FEATURES__LEAK_TEST_EVENTS="100")
    assert [leak[0] for leak in leaks(settings)] == ["ahead"]


def test_past_cutoffs_see_what_had_been_received(shop, tmp_path):
    """`as_known_then`: a sale delivered weeks late is no feature of the weeks before; labels and
    the night itself see it. The snapshots of both readings stand side by side.
    """
    text = STAGING["events"].replace("\nfrom sales", ",\n    told_at as received_at\nfrom sales")
    text = text.replace("checks: []", "  received_at: Delivery.\nchecks: []")
    (tmp_path / "staging" / "events.sql").write_text(text, encoding="utf-8")
    late = {
        "customer": "latecomer",
        "product": "i001",
        "kind": "purchase",
        "sold_at": "2024-04-20 12:00:00",
        "amount": "1",
        "units": "1",
        "basket": "late",
        "told_at": "2024-05-02 12:00:00",
    }
    early = {**late, "customer": "early", "told_at": "2024-04-20 12:00:01"}
    write_csv(tmp_path / "sales" / "told.csv", [late, early])

    def seen(**environ):
        run = begin_night(shop({}, NIGHTSHELF__SOURCE__TABLES__SALES__OPTIONS=UNION, **environ))
        counts = {**build_features(run), **refuse_leaks(run)}
        with open_features(run) as connection:
            known = [
                {row[0] for row in feature_table(connection, run, name, cutoff).fetchall()}
                for name, cutoff in (
                    ("visits", run.as_of),
                    ("visits", CUTOFF),
                    ("again", datetime(2024, 4, 15)),
                )
            ]
        build_index(run)
        n_events = len(load_interactions(run, load_index(run), CUTOFF).users)
        found = [ids & {"latecomer", "early"} for ids in known]
        return found, counts["rebuilt"], counts["leak_tested"], n_events

    both = {"latecomer", "early"}
    found, _, tested, n_events = seen()
    assert (found, tested) == ([both, both, both], 2)
    # visits of the three past cutoffs are others, labels are shared
    then = ([both, {"early"}, both], 3, 1, n_events - 1)
    assert seen(NIGHTSHELF__NIGHT__AS_KNOWN_THEN="true") == then
    assert seen() == ([both, both, both], 0, 0, n_events)


def test_the_command_runs_cases_and_the_lake(shop, tmp_path, monkeypatch, capsys):
    """A failing case is shown value by value, and the leak beside it."""
    settings = shop({"user/ahead": AHEAD})
    cases = tmp_path / "cases"
    cases.mkdir()
    for name, count in (("visits", 2), ("ahead", 1)):
        text = CASE.format(count=count)
        (cases / f"{name}.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("NIGHTSHELF__FEATURES__DIRECTORY", str(tmp_path / "sql"))
    monkeypatch.setenv("NIGHTSHELF__FEATURES__CASES", str(cases))
    assert main(["--settings", str(settings.path), "features", "test", "visits", "ahead"]) == 1
    printed = capsys.readouterr()
    out = printed.out.replace(str(tmp_path), "SHOP").splitlines()
    assert [*out[:7], *out[9:]] == [
        "SHOP/cases/visits.yaml:7: case 'a visit': other rows than expected",
        "  user_id  column    expected  found",
        "  ann      n_events  2         1",
        "SHOP/sql/user/ahead.sql:1: looks ahead: in case 'a visit' other events from "
        "2024-04-01 00:00:00 on change the rows",
        "  user_id  column    expected  found",
        "  ann      n_events  1         3",
        "SHOP/sql/user/ahead.sql:1: looks ahead: as of 2024-04-29 00:00 its rows change with what "
        "happened from that moment on",
        "leak test on the lake as of 2024-04-29 00:00: 2 tables",
    ]
    assert [line[:32] for line in out[7:9]] == [
        "  from all data:       user_id =",
        "  from data cut there: user_id =",
    ]
    assert printed.err.endswith("error: 3 failures in 2 files\n")


@pytest.mark.parametrize(
    ("value", "leaky"),
    [
        ("count(*) from items", ["stock"]),
        ("count(*) filter (created_at > $as_of) from items", ["stock"]),
        ("count(*) filter (updated_at is not null) from items", ["stock"]),
        ("count(*) filter (updated_at < $as_of) from items BOUND", []),
        ("count(*) from users", ["stock"]),
        ("count(*) from users BOUND", []),
    ],
)
def test_a_lake_without_dates_shows_who_reads_them(shop, value, leaky):
    """Items and users are made that came later: no row of this lake says when it was created."""
    query = f"select 'all' as user_id, {value}".replace(" from", " as n_events from")
    files = {"user/stock": query.replace("BOUND", BOUND)}
    assert [leak[0] for leak in leaks(shop(files), "stock")] == leaky


def test_a_leak_of_rows_that_share_their_key_is_found(shop):
    """Both faults are told: the checks of the grain say that rows share it, this one says why."""
    doubled = AHEAD.replace("group by user_id", "group by user_id, item_id")
    assert [leak[0] for leak in leaks(shop({"user/ahead": doubled}), "ahead")] == ["ahead"]
    sound = BODY.replace("group by user_id", "group by user_id, item_id")
    assert leaks(shop({"user/ahead": sound}), "ahead") == []


def test_one_file_that_fails_leaves_the_others_to_be_tested(shop):
    """Its readers cannot be tried; a leak of another one is found."""
    files = {
        "user/ahead": AHEAD,
        "user/bad": BODY.replace("count(*)", "cast(min(user_id) as integer)"),
        "user/reader": "select user_id, n_events from bad join users using (user_id)",
    }
    bench = open_workbench(shop(files))
    found = sorted(map(str, find_lake_leaks(bench, ["ahead", "bad", "reader"], CUTOFF)))
    assert [text.split(": ")[1] for text in found] == ["looks ahead", "fails"]
    assert ["ahead.sql" in found[0], "bad.sql" in found[1]] == [True, True]
