"""Training sets from the snapshots of a real night, beside dictionaries made of its files."""

import json
import random
import shutil
from datetime import timedelta

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.features.build import build_cutoff, snapshot_context
from pipelines.features.folder import load_folder
from pipelines.features.snapshots import snapshot_keys
from pipelines.index import load_index
from pipelines.inputs import run_cutoffs, run_lake
from pipelines.runs import RunError, open_run
from pipelines.training_sets import SpineError, historical_features
from pipelines.training_sets.historical import PROVENANCE
from tests.night_fixtures import REPOSITORY, copy_shop, open_shop
from tests.pipelines.registry.other_nights import other_night
from tests.pipelines.training_sets.plain_join import join_plainly

FILES = load_folder(REPOSITORY / "feature_sql")
FEATURES = [file for file in FILES.values() if not file.is_label]
LIMIT = timedelta(days=6)


def make_spine(run, rows=400):
    """Users and items of the shop and some unknown, at moments of ten weeks; labels at random."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    dice = random.Random(seed)
    index, cutoffs = load_index(run), run_cutoffs(run).all
    moments = [run.as_of - timedelta(minutes=dice.randrange(100_000)) for _ in range(rows)]
    table = pa.table(
        {
            "bought": [dice.random() < 0.5 for _ in range(rows)],
            "user_id": dice.choices([*index.user_ids, "nobody", None], k=rows),
            "item_id": dice.choices([*index.item_ids, "nothing", None], k=rows),
            "moment": pa.array(
                [dice.choice([moment, *cutoffs]) for moment in moments], pa.timestamp("us")
            ),
        }
    )
    return pa.concat_tables([table, table.slice(0, 20)])


def stored(run, file):
    """Cutoff → grain → values of the other columns, from the run's own files."""
    values = [name for name in file.header.columns if name not in file.header.grain]
    found = {}
    cutoffs = run_cutoffs(run)
    for cutoff in cutoffs.labelled if file.is_label else cutoffs.all:
        schema = "main" if cutoff == cutoffs.night else f"c{cutoff:%Y%m%dt%H%M%S}"
        with duckdb.connect(str(run.path("features.duckdb")), read_only=True) as connection:
            rows = connection.sql(f'from {schema}."{file.name}"').to_arrow_table().to_pylist()
        found[cutoff] = {
            tuple(row[name] for name in file.header.grain): tuple(row[name] for name in values)
            for row in rows
        }
    return found


def plain_training_set(run, spine, file, limit):
    """Feature → its column by `join_plainly`, properties looked up in dictionaries."""
    index = load_index(run)
    people = {row["user_id"]: row for row in index.users.to_pylist()}
    goods = {row["item_id"]: row for row in index.items.to_pylist()}
    segments = stored(run, FILES["user_segment"]) if "segment" in file.header.grain else {}
    asked = []
    for row in spine.to_pylist():
        (_, segment) = join_plainly([(row["moment"], (row["user_id"],))], segments, None)[0]
        known = {**goods.get(row["item_id"], {}), **people.get(row["user_id"], {}), **row}
        known["segment"] = segment[0] if segment else None
        asked.append((row["moment"], tuple(known.get(name) for name in file.header.grain)))
    names = [name for name in file.header.columns if name not in file.header.grain]
    answers = join_plainly(asked, stored(run, file), limit, is_label=file.is_label)
    empty = (None,) * len(names)
    rows = [empty if values is None else values for _, values in answers]
    return {f"{file.name}.{n}": [row[i] for row in rows] for i, n in enumerate(names)}


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_every_table_joins_like_a_dictionary(finished_night, file):
    """Whatever its grain; rows, their order and the spine's own columns stay as they are."""
    spine = make_spine(finished_night)
    wanted = {"labels" if file.is_label else "features": [file.name]}
    found = historical_features(
        spine, **{"features": [], **wanted}, max_age=LIMIT, settings=finished_night.settings
    )
    plain = plain_training_set(finished_night, spine, file, LIMIT)
    columns = {name: found.table[name].to_pylist() for name in plain}
    assert found.table.select(spine.column_names).equals(spine)
    assert found.table.column_names == [*spine.column_names, *plain]
    assert columns == plain
    assert sum(found.counts[file.name].values()) == len(spine)


def test_all_tables_at_once_are_what_each_is_alone(finished_night):
    """Tables of one training set do not touch each other."""
    spine = make_spine(finished_night, rows=100)
    settings = finished_night.settings
    names = [file.name for file in FEATURES]
    alone = [historical_features(spine, [name], settings=settings) for name in names[::4]]
    together = historical_features(spine, names, labels=["purchased"], settings=settings)
    for found in alone:
        for column in found.table.column_names:
            assert together.table[column].equals(found.table[column])
    assert list(together.counts) == [*names, "purchased"]


@pytest.mark.parametrize(
    ("max_age", "hours", "found"),
    [
        ("header", 26, True),
        ("header", 26.001, False),
        ("any", 100, True),
        (timedelta(hours=1), 1, True),
        (timedelta(hours=1), 1.001, False),
    ],
)
def test_a_value_is_used_up_to_its_age(finished_night, max_age, hours, found):
    """26h in the header: at that age it is the last time; a given limit stands over the header."""
    moment = finished_night.as_of + timedelta(hours=hours)
    spine = pa.table({"user_id": ["u001"], "moment": pa.array([moment], pa.timestamp("us"))})
    answer = historical_features(
        spine, ["user_history"], max_age=max_age, settings=finished_night.settings
    )
    counts = answer.counts["user_history"]
    assert (counts["found"], counts["stale"]) == ((1, 0) if found else (0, 1))


def test_the_spine_may_say_the_property_itself(finished_night):
    """A column `segment` or `category` of the spine counts, without users and items."""
    (segment, category), _ = next(
        iter(
            stored(finished_night, FILES["segment_category_popularity_84d"])[
                finished_night.as_of
            ].items()
        )
    )
    moment = pa.array([finished_night.as_of] * 2, pa.timestamp("us"))
    spine = pa.table({"segment": [segment, "x"], "category": [category] * 2, "moment": moment})
    answer = historical_features(
        spine, ["segment_category_popularity_84d"], settings=finished_night.settings
    )
    assert answer.counts["segment_category_popularity_84d"] == {
        "no_snapshot": 0,
        "stale": 0,
        "missing": 1,
        "found": 1,
    }


def test_an_empty_spine_gives_an_empty_training_set(finished_night):
    """With all of its columns, so that code after it need not ask."""
    spine = make_spine(finished_night).slice(0, 0)
    found = historical_features(spine, ["user_segment"], settings=finished_night.settings).table
    assert (found.num_rows, found.column_names[-1]) == (0, "user_segment.segment")


def test_the_table_says_where_it_comes_from(finished_night):
    """Run, cutoffs and counts travel in the schema of the table, and so in a Parquet file."""
    spine = make_spine(finished_night, rows=10)
    found = historical_features(spine, ["user_segment"], settings=finished_night.settings)
    cutoffs = sorted(run_cutoffs(finished_night).all)
    assert json.loads(found.table.schema.metadata[PROVENANCE]) == {
        "run": finished_night.name,
        "cutoffs": {"user_segment": [str(cutoff) for cutoff in cutoffs]},
        "rows": found.counts,
    }
    assert found.cutoffs == {"user_segment": cutoffs}


@pytest.mark.parametrize(
    ("features", "labels", "message"),
    [
        (["usr_history"], [], r"no table usr_history for usr_history; did you mean user_history\?"),
        (["zzz.n"], [], r"no table zzz for zzz\.n; there are: .*user_history"),
        (["user_history.n_user_item"], [], r"no feature n_user_item; did you mean n_user_items\?"),
        (["user_segment", "user_segment.segment"], [], r"segment is asked for twice"),
        (["purchased"], [], r"purchased is a label and knows what comes after its moment; ask"),
        ([], ["user_segment"], r"user_segment is a feature, of .*user_segment\.sql; ask for it"),
        ([], [], r"no feature is named; say --features"),
    ],
)
def test_names_that_cannot_be_are_refused(finished_night, features, labels, message):
    """With a near name where there is one."""
    spine = make_spine(finished_night, rows=5)
    with pytest.raises(SpineError, match=message):
        historical_features(spine, features, labels=labels, settings=finished_night.settings)


@pytest.mark.parametrize(
    ("dropped", "feature", "message"),
    [
        ("user_id", "user_history", r"no column user_id, .*; add it, or choose tables of another"),
        ("item_id", "category_rhythm", r"no column category, .*; add it, or user_id or item_id"),
        ("user_id", "segment_item_popularity_84d", r"no column segment, .*its columns: bought, it"),
    ],
)
def test_a_missing_entity_is_named(finished_night, dropped, feature, message):
    """The column, what it is for, and what would do instead."""
    spine = make_spine(finished_night, rows=5).drop_columns([dropped])
    with pytest.raises(SpineError, match=message):
        historical_features(spine, [feature], settings=finished_night.settings)


def test_a_column_of_the_spine_is_not_overwritten(finished_night):
    """A training set that is joined once more says so."""
    spine = make_spine(finished_night, rows=5)
    settings = finished_night.settings
    once = historical_features(spine, ["user_segment"], settings=settings).table
    with pytest.raises(SpineError, match=r"has a column user_segment\.segment already; rename"):
        historical_features(once, ["user_segment"], settings=settings)


@pytest.fixture
def shop(finished_night, tmp_path):
    """The finished night in a copy of its shop, whose feature SQL may be edited."""
    copy_shop(finished_night.settings, tmp_path / "shop")
    shutil.copytree(REPOSITORY / "feature_sql", tmp_path / "shop" / "sql")
    settings = open_shop(tmp_path / "shop", {"NIGHTSHELF__FEATURES__DIRECTORY": "sql"})
    return open_run(settings, finished_night.id)


def cutoffs_of(shop, table="user_history", **options):
    """The cutoffs that a training set could choose from."""
    spine = make_spine(shop, rows=5)
    return historical_features(spine, [table], settings=shop.settings, **options).cutoffs[table]


def test_an_edited_file_has_no_snapshots_until_it_is_built(shop):
    """What was made of other SQL is another feature, though it has the same name."""
    path = shop.settings.resolve("sql") / "user" / "user_history.sql"
    path.write_text(path.read_text(encoding="utf-8") + "\n-- other\n", encoding="utf-8")
    with pytest.raises(SpineError, match=r"user_history\.sql: no kept snapshot up to 2024-05-06"):
        cutoffs_of(shop)
    built = run_cutoffs(shop).evaluation - timedelta(weeks=1)
    backfill(shop, built, "user_history")
    assert cutoffs_of(shop) == [built]


def backfill(run, cutoff, table):
    """Builds one table as of *cutoff*, as a command for that does."""
    file = load_folder(run.settings.resolve("sql"))[table]
    context = snapshot_context(run, run_lake(run), run_cutoffs(run), cutoff)
    build_cutoff(run, {table: file}, context, snapshot_keys({table: file}, context))


def test_a_backfilled_cutoff_is_used(shop):
    """No run names the file; its key says that it is what this run would make."""
    before = cutoffs_of(shop)
    added = before[0] - timedelta(weeks=1)
    backfill(shop, added, "user_history")
    assert cutoffs_of(shop) == [added, *before]
    assert cutoffs_of(shop, "user_segment") == before


def test_snapshots_of_an_earlier_night_count(shop):
    """A night of other data made them of the same SQL: it is what was known then."""
    cutoffs = cutoffs_of(shop)
    earlier = other_night(shop, "0")  # sorts first, whatever the shop's own hash is
    added = cutoffs[0] - timedelta(weeks=1)
    add_snapshot(earlier, added, "user/user_history-0123456789ab.parquet")
    assert cutoffs_of(shop) == [added, *cutoffs]
    manifest = earlier.manifest
    manifest["outputs"]["sql"]["user_history"] = "of other SQL"
    earlier.path("manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert cutoffs_of(shop) == cutoffs


def add_snapshot(run, cutoff, name):
    """A copy of a snapshot, under a key that is of other data, as one of *run*."""
    root = run.directory.parent.parent / "snapshots"
    (source, *_) = root.glob(f"{run.as_of:%Y%m%dT%H%M%S}/user/user_history-*.parquet")
    target = root / f"{cutoff:%Y%m%dT%H%M%S}" / name
    target.parent.mkdir(parents=True)
    shutil.copyfile(source, target)
    listed = run.path("snapshots.json")
    names = [*json.loads(listed.read_text(encoding="utf-8")), target.relative_to(root).as_posix()]
    listed.write_text(json.dumps(names), encoding="utf-8")


def test_the_run_may_be_named(shop):
    """It bounds what is looked at; an unknown one is an error that names those there are."""
    found = historical_features(
        make_spine(shop, rows=5), ["user_segment"], run=shop.name, settings=shop.settings
    )
    assert found.run == shop.name
    with pytest.raises(RunError, match=r"no run 'x' under"):
        cutoffs_of(shop, run="x")


def test_without_a_finished_run_there_is_nothing_to_join(shop):
    """The message says how to make one."""
    finished = shop.path("stages", "finish.json")
    finished.rename(finished.with_suffix(".aside"))
    with pytest.raises(SpineError, match=r"no finished run, .*`python -m pipelines night`"):
        cutoffs_of(shop)
    assert len(cutoffs_of(shop, run=shop.name)) == 4


def test_a_path_is_a_spine(finished_night, tmp_path):
    """The form that the command line has."""
    spine = make_spine(finished_night, rows=5)
    pq.write_table(spine, tmp_path / "spine.parquet")
    settings = finished_night.settings
    one = historical_features(tmp_path / "spine.parquet", ["user_segment"], settings=settings)
    other = historical_features(spine, ["user_segment"], settings=settings)
    assert one.table.equals(other.table)
