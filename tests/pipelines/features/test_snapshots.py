"""Tables as of a cutoff are written once, and again only when what decides them changed."""

import duckdb
import pyarrow.parquet as pq
import pytest

from pipelines.features.build import SNAPSHOTS, SQL, build_features
from pipelines.features.problems import SqlFileError
from pipelines.features.rebuilt import REBUILT, describe_rebuilt, rebuilt_line
from pipelines.features.snapshots import read_key
from pipelines.files import hash_file, read_json
from pipelines.inputs import run_cutoffs
from pipelines.moments import compact
from pipelines.night import begin_night
from tests.night_fixtures import make_shop, open_shop, write_csv
from tests.pipelines.features.sql_text import BODY, HEADER, write_folder, write_sql

FILES = {
    "user/visits": BODY,
    "user/above": "select user_id, n_events from visits where n_events > 2",
    "item/offers": "select item_id as user_id, count(*) as n_events from items group by item_id",
    "label/again": "select user_id, count(*) as n_events from events"
    " where event_at >= $as_of and event_at < $until group by user_id",
}
CUTOFFS = 4  # the night, the evaluated one, two training ones


@pytest.fixture
def build(tmp_path):
    """Opens the night over a small shop with feature files of the test's own and builds them."""
    make_shop(tmp_path, users=10, items=12, weeks=8)
    folder = write_folder(tmp_path / "sql", FILES)

    def call(**environ):
        variables = {"NIGHTSHELF__FEATURES__DIRECTORY": str(folder), **environ}
        run = begin_night(open_shop(tmp_path, variables))
        return run, build_features(run)["rebuilt"]

    return call


def snapshots(run):
    """Hash of every snapshot of the run by its path below `snapshots/`, without the key."""
    folder = run.directory.parent.parent / "snapshots"
    used = read_json(run.path(SNAPSHOTS))
    return {f"{name.rpartition('-')[0]}.parquet": hash_file(folder / name) for name in used}


def test_every_table_is_built_once_a_cutoff(build):
    """Labels are built where they are known; a second build finds all keys in place."""
    run, rebuilt = build()
    assert rebuilt == 3 * CUTOFFS + (CUTOFFS - 1)
    names = {
        compact(cutoff): {"user/visits", "user/above", "item/offers", "label/again"}
        for cutoff in run_cutoffs(run).labelled
    }
    names[compact(run.as_of)] = {"user/visits", "user/above", "item/offers"}
    assert set(snapshots(run)) == {
        f"{moment}/{name}.parquet" for moment, found in names.items() for name in found
    }
    assert build()[1] == 0


def test_the_database_shows_each_cutoff(build):
    """The night's tables lie in `main`, those of a past cutoff are views in its schema."""
    run, _ = build()
    training = run_cutoffs(run).training[0]
    with duckdb.connect(str(run.path("features.duckdb")), read_only=True) as connection:
        tables = connection.execute(
            "select table_schema, table_name, table_type from information_schema.tables "
            "where table_schema in ('main', $schema) order by all",
            {"schema": f"c{compact(training).lower()}"},
        ).fetchall()
        night = connection.table("visits").to_arrow_table()
    assert tables == [
        *[(f"c{compact(training).lower()}", n, "VIEW") for n in sorted(set_of_names())],
        *[("main", n, "BASE TABLE") for n in sorted(set_of_names() - {"again"})],
    ]
    assert night == pq.read_table(snapshot_path(run, "user/visits")).replace_schema_metadata(
        night.schema.metadata
    )


def test_an_edited_file_rebuilds_itself_and_what_reads_it(build, tmp_path):
    """Changing one query rebuilds its table and those downstream; the other run keeps its own."""
    first, _ = build()
    before = snapshots(first)
    write_folder(tmp_path / "sql", {"user/visits": BODY.replace("count(*)", "2 * count(*)")})
    run, rebuilt = build()
    changed = {name for name, digest in snapshots(run).items() if before.get(name) != digest}
    assert rebuilt == 2 * CUTOFFS
    assert {name.split("/", 1)[1] for name in changed} == {
        "user/visits.parquet",
        "user/above.parquet",
    }
    assert snapshots(first) == before


def test_the_run_says_which_tables_it_rebuilt(build, tmp_path):
    """After one file changed: it and what reads it, at each cutoff; all others were reused."""
    first, _ = build()
    write_folder(tmp_path / "sql", {"user/visits": BODY.replace("count(*)", "2 * count(*)")})
    run, _ = build()
    moments = [compact(cutoff) for cutoff in run_cutoffs(run).all]
    others = CUTOFFS + (CUTOFFS - 1)  # offers, and again where it is known
    assert read_json(run.path(REBUILT)) == {
        "rebuilt": {moment: ["above", "visits"] for moment in moments},
        "reused": others,
    }
    assert rebuilt_line(run) == (
        f"8 feature tables rebuilt at {CUTOFFS} cutoffs (above, visits), {others} reused"
    )
    assert read_json(first.path(REBUILT))["reused"] == 0


def test_words_in_a_header_rebuild_nothing(build, tmp_path):
    """Another description is another run, and all of its tables are there already."""
    first, _ = build()
    text = (HEADER + BODY).replace("What a test needs.", "What a test needs,\n  in other words.")
    write_sql(tmp_path / "sql", "user/visits", text)
    run, rebuilt = build()
    assert (run.id != first.id, rebuilt) == (True, 0)
    assert snapshots(run) == snapshots(first)


def test_a_header_that_decides_rows_rebuilds_them(build, tmp_path):
    """Another grain is another order of rows: the table is built anew, and what reads it."""
    build()
    text = (HEADER + BODY).replace("grain: [user_id]", "grain: [n_events]")
    write_sql(tmp_path / "sql", "user/visits", text)
    assert build()[1] == 2 * CUTOFFS


@pytest.mark.parametrize(
    ("record", "line"),
    [
        ({"rebuilt": {}, "reused": 7}, "no feature table rebuilt, 7 reused"),
        (
            {"rebuilt": {"20240506T000000": ["visits"]}, "reused": 0},
            "1 feature table rebuilt at 1 cutoff (visits), 0 reused",
        ),
        (
            {"rebuilt": {"20240506T000000": list("abcdef")}, "reused": 1},
            "6 feature tables rebuilt at 1 cutoff (6 files), 1 reused",
        ),
    ],
)
def test_the_line_names_few_tables_and_counts_many(record, line):
    """Five names fit into a line; of more the number says enough."""
    assert describe_rebuilt(record) == line


def test_a_run_keeps_the_sql_that_made_its_tables(build, tmp_path):
    """Its copies stay as they were when the folder is edited."""
    run, _ = build()
    write_folder(tmp_path / "sql", {"user/visits": BODY.replace("count(*)", "2 * count(*)")})
    kept = {
        path.relative_to(run.path(SQL)).with_suffix("").as_posix(): path.read_text()
        for path in run.path(SQL).rglob("*.sql")
    }
    assert kept == {name: HEADER + query for name, query in FILES.items()}


def test_changed_inputs_rebuild_what_reads_them(build, tmp_path):
    """New events of the last week touch the cutoffs that see them, not the older ones."""
    build()
    sale = {
        "customer": "u001",
        "product": "i001",
        "kind": "purchase",
        "sold_at": "2024-04-30 12:00:00",
        "amount": "1",
        "units": "1",
        "basket": "new",
    }
    write_csv(tmp_path / "sales" / "later.csv", [sale])
    _, rebuilt = build()
    assert rebuilt == 3  # visits and above of the night, again of the evaluated cutoff


def test_a_torn_file_is_rebuilt(build):
    """A snapshot that lost its end has no key: it is written again, as it was."""
    run, _ = build()
    before = snapshots(run)
    torn = snapshot_path(run, "user/above")
    torn.write_bytes(torn.read_bytes()[:-100])
    assert read_key(torn) is None
    assert build()[1] == 1
    assert snapshots(run) == before


def test_another_zone_rebuilds_only_what_uses_it(build):
    """A parameter that no file binds decides nothing."""
    build()
    assert build(NIGHTSHELF__NIGHT__TIMEZONE="Europe/London")[1] == 0


@pytest.mark.parametrize(
    ("name", "query", "environ", "cause"),
    [
        (
            "user/wide",
            "select user_id, 1 as n_events, 2 as n_more from users",
            {},
            r"wide\.sql:7: the header lists the columns \['user_id', 'n_events'\], the query gives "
            r"\['user_id', 'n_events', 'n_more'\]",
        ),
        (
            "user/failing",
            "select usr_id as user_id, 1 as n_events from users",
            {},
            r"failing\.sql: fails at cutoff 20\d\d-\d\d-\d\d: .*usr_id",
        ),
        (
            "user/many",
            "select user_id, 1 as n_events from events where event_at < $as_of",
            {"NIGHTSHELF__FEATURES__MAX_ROWS": "20"},
            r"many\.sql: more than \[features\] max_rows = 20 rows; is a join condition missing\?",
        ),
        (
            "user/endless",
            "select a.user_id, sum(b.range * c.range) as n_events from events a,"
            " range(9000000) b, range(9000000) c where a.event_at < $as_of group by a.user_id",
            {"NIGHTSHELF__FEATURES__TIMEOUT_S": "1"},
            r"endless\.sql: stopped after \[features\] timeout_s = 1 at cutoff",
        ),
    ],
)
def test_a_file_that_fails_at_run_time_is_named(build, tmp_path, name, query, environ, cause):
    """Wrong columns, DuckDB's errors, too many rows and too much time name file and limit."""
    write_folder(tmp_path / "sql", {name: query})
    with pytest.raises(SqlFileError, match=cause):
        build(**environ)


def snapshot_path(run, name):
    """The night's snapshot of a table (`user/visits`)."""
    folder = run.directory.parent.parent / "snapshots" / compact(run.as_of)
    (path,) = folder.glob(f"{name}-*.parquet")
    return path


def set_of_names():
    return {name.split("/")[1] for name in FILES}
