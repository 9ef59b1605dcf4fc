"""Computed tables in a night: made for the files that read them, once for each cutoff."""

import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipelines.authoring.lake_leaks import refuse_leaks
from pipelines.authoring.preview import preview_file
from pipelines.authoring.workbench import run_workbench
from pipelines.features.build import SNAPSHOTS, build_features
from pipelines.features.database import feature_table, open_features
from pipelines.files import hash_file, read_json
from pipelines.inputs import run_cutoffs
from pipelines.moments import compact
from pipelines.night import begin_night
from tests.night_fixtures import make_shop, open_shop, write_csv
from tests.pipelines.features.sql_text import write_folder

FILES = {
    "user/linked": "select user_id, degree as n_events from user_graph",
    "user/fitting": "select u.user_id, count(*) as n_events from user_embeddings as u"
    " cross join item_embeddings as i where list_cosine_similarity(u.vector, i.vector) > 0"
    " group by u.user_id",
    "user/visits": "select e.user_id, count(*) as n_events from events as e"
    " inner join user_graph as g on g.user_id = e.user_id"
    " where e.event_at < $as_of group by e.user_id",
}
CUTOFFS = 4  # the night, the evaluated one, two training ones
SALE = {
    "customer": "u001",
    "product": "i001",
    "kind": "purchase",
    "sold_at": "2024-04-30 12:00:00",
    "amount": "1",
    "units": "1",
    "basket": "new",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A small shop whose night's features are built: its folder, and how many tables that were."""
    folder = tmp_path_factory.mktemp("kept") / "shop"
    make_shop(folder, users=10, items=12, weeks=8)
    write_folder(folder / "sql", FILES)
    return folder, build_features(open_night(folder))["rebuilt"]


@pytest.fixture
def folder(shop, tmp_path):
    """A copy of the shop, its built features included."""
    return shutil.copytree(shop[0], tmp_path / "shop")


@pytest.fixture
def build(folder):
    """Opens the night of the copied shop and builds its features, where they are not there yet."""

    def call(**environ):
        run = open_night(folder, **environ)
        return run, build_features(run)["rebuilt"]

    return call


def open_night(folder, **environ):
    """The night of the shop in *folder* with the feature files that it has."""
    variables = {"NIGHTSHELF__FEATURES__DIRECTORY": str(folder / "sql"), **environ}
    return begin_night(open_shop(folder, variables))


def computed(run):
    """Hash of every computed file that the run keeps, by cutoff and table."""
    root = run.directory.parent.parent / "snapshots"
    names = [Path(name) for name in read_json(run.path(SNAPSHOTS)) if "/computed/" in name]
    found = {(p.parts[0], p.stem.rpartition("-")[0]): hash_file(root / p) for p in names}
    assert len(found) == len(names)
    return found


def test_what_files_read_is_made_once_a_cutoff(shop, build):
    """Three of the four tables are read; a second build finds them and makes the same."""
    assert shop[1] == len(FILES) * CUTOFFS
    run, _ = build()
    moments = {compact(cutoff) for cutoff in run_cutoffs(run).all}
    tables = {"item_embeddings", "user_embeddings", "user_graph"}
    before = computed(run)
    assert set(before) == {(moment, table) for moment in moments for table in tables}
    again, rebuilt = build()
    assert (rebuilt, computed(again)) == (0, before)


def test_files_see_the_table_of_their_cutoff(build):
    """What a file hands on is what lies in the computed file of the same cutoff."""
    run, _ = build()
    root = run.directory.parent.parent / "snapshots"
    with open_features(run) as connection:
        for cutoff in run_cutoffs(run).all:
            (path,) = (root / compact(cutoff) / "computed").glob("user_graph-*.parquet")
            shown = feature_table(connection, run, "linked", cutoff).to_arrow_table()
            assert shown.to_pydict() == {
                "user_id": pq.read_table(path)["user_id"].to_pylist(),
                "n_events": pq.read_table(path)["degree"].to_pylist(),
            }


def test_settings_rebuild_only_what_they_decide(build):
    """Another graph rebuilds its two readers and leaves the vectors."""
    first, _ = build()
    other, rebuilt = build(NIGHTSHELF__FEATURES__GRAPH__MAX_BUYERS="5")
    assert rebuilt == 2 * CUTOFFS
    before, after = computed(first), computed(other)
    assert {
        table for (moment, table) in after if after[moment, table] != before[moment, table]
    } == {"user_graph"}


def test_new_events_rebuild_only_the_cutoffs_that_see_them(build, folder):
    """A sale of the last week changes the night and the evaluated cutoff, not the training ones."""
    first, _ = build()
    write_csv(folder / "sales" / "later.csv", [SALE])
    later, rebuilt = build()
    assert rebuilt == len(FILES)
    before, after = computed(first), computed(later)
    changed = {moment for (moment, table) in after if after[moment, table] != before[moment, table]}
    assert changed == {compact(later.as_of)}


def test_what_was_known_then_is_kept_apart(build):
    """With `as_known_then` past cutoffs have computed files of their own, the night has not."""
    plain, _ = build()
    then, _ = build(NIGHTSHELF__NIGHT__AS_KNOWN_THEN="true")
    names = [
        {name for name in read_json(run.path(SNAPSHOTS)) if "/computed/" in name}
        for run in (plain, then)
    ]
    assert {name.split("/")[0] for name in names[0] & names[1]} == {compact(plain.as_of)}
    assert len(names[0]) == len(names[1]) == 3 * CUTOFFS


def test_a_lost_file_is_made_again_when_it_is_read(build):
    """Without its computed table a stale reader brings it back, as it was."""
    run, _ = build()
    before = computed(run)
    folder = run.directory.parent.parent / "snapshots" / compact(run.as_of)
    for path in [*folder.glob("computed/user_graph-*"), *folder.glob("user/linked-*")]:
        path.unlink()
    again, rebuilt = build()
    assert (rebuilt, computed(again)) == (1, before)


def test_a_preview_reads_what_the_night_kept(build):
    """The same rows with and without the kept tables; of a sample of users there are fewer."""
    run, _ = build()
    bench = run_workbench(run)
    kept = preview_file(bench, "linked", as_of=run.as_of)
    for path in (run.directory.parent.parent / "snapshots").rglob("*.parquet"):
        path.unlink()
    fresh = preview_file(bench, "linked", as_of=run.as_of)
    assert (kept.rows, kept.n_rows) == (fresh.rows, fresh.n_rows)
    assert preview_file(bench, "linked", as_of=run.as_of, sample=0.5).n_rows < fresh.n_rows


def test_no_file_that_reads_them_looks_ahead(build):
    """The leak test of the night passes with the computed tables at hand, and without them."""
    run, _ = build()
    assert refuse_leaks(run) == {"leak_tested": 1}  # the others read no table with moments
    root = run.directory.parent.parent / "snapshots"
    for path in [*root.rglob("computed/*.parquet"), *root.glob("leak_tests.json")]:
        path.unlink()
    assert refuse_leaks(run) == {"leak_tested": 1}
