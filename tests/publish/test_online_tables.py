"""Which tables a night publishes, and that what it packs is what the ranker reads."""

import json
import shutil
from datetime import datetime

import pyarrow.parquet as pq
import pytest

from pipelines.features.folder import load_folder
from pipelines.files import read_json
from pipelines.night import begin_night
from pipelines.publish import PublishError
from pipelines.publish.features import online_tables, write_online_features
from settings import Settings
from store.features import kind_of, load_kinds
from tests.night_fixtures import REPOSITORY

FOLDER = REPOSITORY / "feature_sql"


def settings_for(folder, **chosen):
    """Settings of a project whose SQL is in *folder*."""
    tables = {"features": {"directory": str(folder)}, "online_features": chosen}
    return Settings(folder / "nightshelf.toml", tables, {})


def names(found):
    """Kind → names of the tables."""
    return {kind_of(grain): [file.name for file in files] for grain, files in found.items()}


@pytest.fixture
def folder(tmp_path):
    """A copy of some of the demo's files, to be changed."""
    for name in (
        "user/user_activity_28d",
        "user/user_activity_84d",
        "item/category_popularity_28d",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(FOLDER / f"{name}.sql", tmp_path / f"{name}.sql")
    return tmp_path


def test_tables_of_one_entity_are_published():
    """All of the demo but labels, pairs and those that say otherwise, by kind."""
    files = load_folder(FOLDER).values()
    fit = [f for f in files if len(f.header.grain) == 1 and not f.is_label and f.header.online]
    expected = {}
    for file in sorted(fit, key=lambda file: file.name):
        expected.setdefault(kind_of(file.header.grain[0]), []).append(file.name)
    found = names(online_tables(settings_for(FOLDER)))
    assert found == expected
    assert {"user", "item", "category", "title"} <= set(found)


def test_a_header_and_the_settings_choose(folder):
    """`online: false` keeps a table out; `tables` takes only those named, `enabled` none."""
    file = folder / "user" / "user_activity_84d.sql"
    file.write_text(file.read_text().replace("checks:", "online: false\nchecks:"))
    assert names(online_tables(settings_for(folder))) == {
        "user": ["user_activity_28d"],
        "category": ["category_popularity_28d"],
    }
    chosen = settings_for(folder, tables=["user_activity_28d"])
    assert names(online_tables(chosen)) == {"user": ["user_activity_28d"]}
    assert online_tables(settings_for(folder, enabled=False)) == {}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("user_histori", "no table 'user_histori' in feature_sql; did you mean user_history?"),
        ("purchased", "purchased is a label, which knows the future; take it out"),
        ("user_item_rank", "has a row for each user_id and item_id, not for one entity"),
    ],
)
def test_a_choice_that_cannot_be_is_told_at_the_beginning(name, said):
    """The night does not begin, and the message names the key and the table."""
    settings = settings_for(FOLDER, tables=[name])
    with pytest.raises(PublishError) as error:
        begin_night(settings, as_of=datetime(2018, 1, 1))
    assert str(error.value).startswith("[online_features] tables: ")
    assert said in str(error.value)


def test_two_grains_of_one_kind_are_refused(folder):
    """`category` and `category_id` would share an address; the message names both."""
    file = folder / "user" / "user_activity_28d.sql"
    file.write_text(file.read_text().replace("user_id", "category_id"))
    with pytest.raises(PublishError, match="category and category_id would both be the kind cat"):
        online_tables(settings_for(folder))


def test_a_night_packs_what_its_tables_hold(finished_night):
    """Kinds, counts and rows of the run's lists are those of its feature tables."""
    manifest = read_json(finished_night.path("lists", "manifest.json"))
    kinds = load_kinds(manifest)
    for kind in kinds.values():
        rows = pq.read_table(finished_night.path("lists", f"features-{kind.name}.parquet"))
        assert len(rows) == len(set(rows["id"].to_pylist())) == kind.n_rows > 0
        cells = {row.count(b"\n") + 1 for row in rows["cells"].to_pylist()}
        assert cells == {len(kind.places)}
        placed = list(zip(rows["bucket"].to_pylist(), rows["id"].to_pylist(), strict=True))
        assert placed == sorted(placed)


def test_other_values_are_another_version(finished_night, tmp_path):
    """The lists hash covers the features, so that one id never stands for two sets of values."""
    lists = finished_night.path("lists")
    manifest = read_json(lists / "manifest.json")
    again = json.loads(json.dumps(write_online_features(finished_night, tmp_path)))
    assert again == manifest["features"]
    for kind in again["kinds"]:
        name = f"features-{kind}.parquet"
        assert (tmp_path / name).read_bytes() == (lists / name).read_bytes()
        assert name in [path.name for path in lists.glob("*.parquet")]  # what the hash is over
