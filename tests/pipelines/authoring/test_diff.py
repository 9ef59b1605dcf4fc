"""`features diff`: what an edit does to rows, columns and what is downstream, before any night."""

import json
from datetime import timedelta

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.__main__ import main
from pipelines.authoring import diff_base
from pipelines.authoring.changes import find_changes
from pipelines.authoring.diff_base import DiffError, open_base
from pipelines.authoring.diff_tables import compare_rows
from pipelines.authoring.diff_text import psi_text
from pipelines.features.build import build_features
from pipelines.features.folder import load_folder
from pipelines.features.problems import SqlFileError
from pipelines.night import begin_night
from pipelines.sources.ingest import ingest
from settings.project import var_directory
from tests.night_fixtures import SHOP_AS_OF, make_shop, open_shop
from tests.pipelines.authoring.made_repository import commit_all
from tests.pipelines.features.sql_text import BODY, HEADER, write_folder, write_sql

LABEL = (
    "select user_id, count(*) as n_events from events"
    " where event_at >= $as_of and event_at < $until group by user_id"
)
FILES = {
    "user/visits": BODY,
    "user/above": "select user_id, n_events from visits where n_events > 2",
    "item/offers": "select item_id as user_id, count(*) as n_events from items group by item_id",
    "label/again": LABEL,
}
DOUBLED = {"user/visits": BODY.replace("count(*)", "2 * count(*)")}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A small shop with a run, its feature SQL committed; each test puts the files back."""
    folder = tmp_path_factory.mktemp("shop")
    make_shop(folder, users=10, items=12, weeks=8)
    write_folder(folder / "sql", FILES)
    settings = open_shop(folder, {"NIGHTSHELF__FEATURES__DIRECTORY": str(folder / "sql")})
    build_features(begin_night(settings))
    (folder / ".gitignore").write_text("var/\n", encoding="utf-8")
    commit_all(folder)
    return settings


@pytest.fixture
def settings(shop, monkeypatch):
    """The shop with its files as they were committed."""
    monkeypatch.setenv("NIGHTSHELF__FEATURES__DIRECTORY", str(folder_of(shop)))
    for path in folder_of(shop).rglob("*.sql"):
        path.unlink()
    write_folder(folder_of(shop), FILES)
    return shop


def folder_of(settings):
    return settings.path.parent / "sql"


def run_diff(settings, *words):
    return main(["--settings", str(settings.path), "features", "diff", *words])


def tables_of(settings, capsys, *words):
    """By table what `--json` says."""
    assert run_diff(settings, "--json", *words) == 0
    found = json.loads(capsys.readouterr().out)["tables"]
    return {table["change"]["name"]: table for table in found}


def test_without_a_change_it_says_so(settings, capsys):
    """Nothing is built, the commit is named, and the exit code is that of success."""
    assert run_diff(settings) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert (line.startswith("against commit "), line.endswith(": no tables changed")) == (
        True,
        True,
    )


def test_an_edit_shows_in_its_table_and_downstream(settings, capsys):
    """All values doubled: no key moves, every value differs; who reads it gains what passes."""
    write_folder(folder_of(settings), DOUBLED)
    found = tables_of(settings, capsys)
    assert {name: table["change"]["kind"] for name, table in found.items()} == {
        "visits": "edited",
        "above": "downstream",
    }
    visits, above = found["visits"]["rows"], found["above"]["rows"]
    (column,) = visits["columns"]
    assert (visits["gained"], visits["lost"], column["share_changed"]) == (0, 0, 1.0)
    assert column["mean"][1] == 2 * column["mean"][0]
    assert visits["rows"][0] == visits["rows"][1]
    assert above["rows"][1] - above["rows"][0] == above["gained"] - above["lost"]
    assert visits["examples"][0].startswith("user_id = u000: n_events ")
    assert min(found["visits"]["seconds"]) > 0


def test_the_text_has_rows_cost_and_columns(settings, capsys):
    """What a person reads: a line on rows, one on cost, a table of columns, an example."""
    write_folder(folder_of(settings), DOUBLED)
    assert run_diff(settings, "visits") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith(": 2 tables changed")
    assert [line.split()[0] for line in lines[1:8]] == [
        "user/visits:",
        "rows",
        "cost",
        "column",
        "n_events",
        "user_id",
        "user_id",
    ]
    assert "100.0 %" in lines[5]


def test_new_removed_and_reworded_tables(settings, capsys):
    """Each is called what it is; words in a header are told, and are no reason to build."""
    folder = folder_of(settings)
    (folder / "item" / "offers.sql").unlink()
    write_folder(folder, {"user/often": BODY})
    text = (HEADER + BODY).replace("owner: tests", "owner: others")
    write_sql(folder, "user/visits", text.replace("n_events: Events.", "n_events: Of any kind."))
    found = tables_of(settings, capsys)
    kinds = {name: table["change"]["kind"] for name, table in found.items()}
    assert kinds == {"visits": "header", "often": "new", "offers": "removed"}
    assert found["visits"]["change"]["header"] == [
        "owner: tests → others",
        "column n_events: Events. → Of any kind.",
    ]
    assert (found["visits"]["rows"], found["often"]["rows"]["rows"][0]) == (None, 0)
    assert found["offers"]["rows"]["rows"] == [12, 0]


def test_labels_are_compared_where_they_are_known(settings, capsys):
    """The newest moment whose window is over; one that is not is refused with the moment."""
    write_folder(folder_of(settings), {"label/again": LABEL.replace("count(*)", "3 * count(*)")})
    found = tables_of(settings, capsys)
    assert found["again"]["cutoff"] == str(SHOP_AS_OF - timedelta(days=7))
    assert run_diff(settings, "--as-of", "2024-05-05") == 1
    assert "name an earlier --as-of" in capsys.readouterr().err


def test_nothing_is_left_behind(settings, capsys):
    """Snapshots, runs and the folder of var are as they were before."""
    write_folder(folder_of(settings), DOUBLED)
    var = var_directory(settings)
    before = sorted(path for path in var.rglob("*") if path.is_file())
    tables_of(settings, capsys)
    assert sorted(path for path in var.rglob("*") if path.is_file()) == before


def test_a_run_can_be_the_base(settings, capsys, tmp_path):
    """The SQL that it kept is what it ran, whatever was committed since."""
    write_folder(folder_of(settings), DOUBLED)
    run = begin_night(open_shop(settings.path.parent, environ_of(settings)))
    build_features(run)
    write_folder(folder_of(settings), {"user/visits": FILES["user/visits"]})
    found = tables_of(settings, capsys, "--against", run.name)
    assert {name: table["change"]["kind"] for name, table in found.items()} == {
        "visits": "edited",
        "above": "downstream",
    }
    assert tables_of(settings, capsys, "--against", "HEAD") == {}


def environ_of(settings):
    return {"NIGHTSHELF__FEATURES__DIRECTORY": str(folder_of(settings))}


def test_what_cannot_be_compared_with_says_why(settings, tmp_path, monkeypatch):
    """An unknown commit, a folder outside any repository, no git, and names that nobody has."""
    with pytest.raises(DiffError, match="main~99 is neither a run nor a commit of"):
        open_base(settings, "main~99", tmp_path)
    with pytest.raises(DiffError, match="--output=x is neither a run nor a commit of"):
        open_base(settings, "--output=x", tmp_path)
    outside = write_folder(tmp_path / "outside", FILES)
    elsewhere = open_shop(settings.path.parent, {"NIGHTSHELF__FEATURES__DIRECTORY": str(outside)})
    with pytest.raises(DiffError, match=r"not a git repository.*--against RUN"):
        open_base(elsewhere, None, tmp_path)
    monkeypatch.setattr(diff_base.os, "environ", {"PATH": str(tmp_path)})
    with pytest.raises(DiffError, match="git is not installed; compare with a run"):
        open_base(settings, None, tmp_path)
    files = load_folder(folder_of(settings))
    with pytest.raises(DiffError, match=r"no table vists; did you mean visits\?"):
        find_changes(files, files, ["vists"])


def test_files_of_then_that_break_rules_of_now_are_named(settings, tmp_path):
    """Their place is told as it is in the folder, not where they were unpacked."""
    write_folder(
        folder_of(settings), {"user/wrong": "select user_id, now() as n_events from users"}
    )
    commit_all(settings.path.parent)
    with pytest.raises(SqlFileError, match=r"breaks rules of today:\nuser/wrong\.sql:\d+: "):
        open_base(settings, None, tmp_path)
    (folder_of(settings) / "user" / "wrong.sql").unlink()
    commit_all(settings.path.parent)


def test_without_a_run_the_lake_is_enough(tmp_path, capsys, monkeypatch):
    """Before the first night, data that was ingested is compared on."""
    make_shop(tmp_path, users=6, items=12, weeks=8)
    folder = write_folder(tmp_path / "sql", FILES)
    monkeypatch.setenv("NIGHTSHELF__FEATURES__DIRECTORY", str(folder))
    settings = open_shop(tmp_path)
    ingest(settings)
    (tmp_path / ".gitignore").write_text("var/\n", encoding="utf-8")
    commit_all(tmp_path)
    write_folder(folder, DOUBLED)
    assert sorted(tables_of(settings, capsys)) == ["above", "visits"]


def side(path, rows):
    """Rows of a table with every kind of column, as a Parquet file."""
    columns = ["user_id", "n", "share", "word", "tags"]
    values = list(zip(*rows, strict=True))
    table = {name: list(found) for name, found in zip(columns, values, strict=True)}
    pq.write_table(pa.table(table), path)
    return path


def test_rows_and_values_are_counted_by_key(tmp_path):
    """Gained, lost and changed by hand; sums in another order are no change, nulls are."""
    then = side(
        tmp_path / "then.parquet",
        [("a", 1, 0.1 + 0.2, "x", ["p"]), ("b", 2, 0.5, None, []), ("c", 3, 0.5, "z", ["q"])],
    )
    now = side(
        tmp_path / "now.parquet",
        [("b", 2, None, "y", []), ("a", 5, 0.3, "x", ["p", "q"]), ("d", 3, 0.5, "z", ["q"])],
    )
    found = compare_rows(then, now, (["user_id"], ["user_id"]), SHOP_AS_OF, 0.25)
    assert (found.rows, found.gained, found.lost) == ((3, 3), 1, 1)
    shares = {column.name: column.share_changed for column in found.columns}
    assert shares == {"n": 0.5, "share": 0.5, "word": 0.5, "tags": 0.5}
    assert found.examples == ["user_id = a: n 1 → 5"]
    nulls = {column.name: column.null_share for column in found.columns}
    assert nulls["share"] == (0.0, pytest.approx(1 / 3))


def test_a_column_of_another_type_is_compared_as_text(tmp_path):
    """A number that became a text is no error: its type is told, equal texts are equal."""
    for name, word in (("then", "1"), ("now", "'1'")):
        query = f"select 'a' as user_id, {word} as n"
        duckdb.sql(query).write_parquet(str(tmp_path / f"{name}.parquet"))
    paths = [tmp_path / "then.parquet", tmp_path / "now.parquet"]
    (column,) = compare_rows(*paths, (["user_id"], ["user_id"]), SHOP_AS_OF, 0.25).columns
    assert (column.kind, column.share_changed, column.psi) == (("INTEGER", "VARCHAR"), 0.0, None)


def test_another_grain_has_no_keys_to_match(tmp_path):
    """Rows are counted and distributions compared; gained and lost mean nothing."""
    path = side(tmp_path / "rows.parquet", [("a", 1, 0.5, "x", [])])
    found = compare_rows(path, path, (["user_id"], ["n"]), SHOP_AS_OF, 0.25)
    assert (found.rows, found.gained, found.lost) == ((1, 1), None, None)
    assert {column.name for column in found.columns} == {"share", "word", "tags"}


@pytest.mark.parametrize(
    ("rows", "factor", "max_psi", "said"),
    [
        (400, 2, 0.25, ", over 0.25"),
        (400, 2, 50.0, ""),  # the header allows it
        (6, 2, 0.25, ""),  # chance explains as much of six rows
        (400, "1999 / 2000.0", 0.25, ""),  # one user more in what a share is of
    ],
)
def test_an_index_over_its_limit_is_marked(tmp_path, rows, factor, max_psi, said):
    """By the limit of the night, and never for what chance explains."""
    for name, times in (("then", 1), ("now", factor)):
        query = "select i as user_id, (1 + i % 7) / 2000.0 * TIMES as x from range(ROWS) r(i)"
        query = query.replace("TIMES", str(times)).replace("ROWS", str(rows))
        duckdb.sql(query).write_parquet(str(tmp_path / f"{name}.parquet"))
    paths = [tmp_path / "then.parquet", tmp_path / "now.parquet"]
    grain = (["user_id"], ["user_id"])
    (column,) = compare_rows(*paths, grain, SHOP_AS_OF, max_psi).columns
    assert psi_text(column) == f"{column.psi:.3f}{said}"


def test_the_limit_is_that_of_the_header(settings, capsys):
    """A file that says how far it may drift is held to that."""
    limited = (HEADER + DOUBLED["user/visits"]).replace("---*/", "drift: {max_psi: 60}\n---*/")
    write_sql(folder_of(settings), "user/visits", limited)
    found = tables_of(settings, capsys)
    limits = {name: table["rows"]["columns"][0]["max_psi"] for name, table in found.items()}
    assert limits["visits"] == 60 > limits["above"]
