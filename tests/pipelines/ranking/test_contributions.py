"""Explanations are the trees' own, are in people's words, and stay within their budget."""

import shutil
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.candidates.fit import load_history
from pipelines.features.build import features_directory
from pipelines.features.folder import load_folder
from pipelines.index import load_index
from pipelines.inputs import run_cutoffs
from pipelines.lists.settings import ListSettings
from pipelines.ranking.contributions import (
    TOP,
    affordable_users,
    count_steps,
    describe_features,
    explain_rows,
    explained_path,
    feature_names,
    group_contributions,
)
from pipelines.ranking.ranker import bin_rows, fit_ranker
from pipelines.ranking.score import score_users, shard_path, shard_users
from pipelines.ranking.settings import RankingSettings
from pipelines.ranking.train import open_ranker
from pipelines.ranking.training_set import TrainingSet
from pipelines.surfaces import SurfacesSettings
from tests.night_fixtures import open_shop

COLUMNS = ["score.als", "rank.als", "score.item_item", "user.kind", "rank.of_something"]


def made_ranker(trees=15):
    """A ranker of noise and of what `score.als` and `user.kind` decide, and its rows."""
    dice = np.random.default_rng(3)
    matrix = dice.random((400, 5)).astype(np.float32)
    relevance = ((matrix[:, 0] > 0.6) & (matrix[:, 3] > 0.3)).astype(np.float32)
    rows = TrainingSet(COLUMNS, matrix, relevance, np.full(40, 10, dtype=np.int32), 1.0)
    settings = RankingSettings(trees=trees, leaves=7, min_rows_per_leaf=5, feature_share=1.0)
    return fit_ranker(bin_rows([rows], {}, settings, threads=1), settings, seed=4), matrix


@pytest.fixture
def small_budget(finished_night, tmp_path):
    """Opens the finished night, in a directory of its own, with other settings of `[lists]`."""
    directory = tmp_path / "run"
    ignored = shutil.ignore_patterns("candidates", "lists", "stages")
    shutil.copytree(finished_night.directory, directory, ignore=ignored)

    def call(**changes):
        variables = {f"NIGHTSHELF__{key.upper()}": str(value) for key, value in changes.items()}
        settings = open_shop(finished_night.settings.path.parent, variables)
        return replace(finished_night, directory=directory, settings=settings)

    return call


def test_contributions_are_those_of_lightgbm():
    """Both columns of a generator count as one, and all sum to the raw score of the row."""
    ranker, matrix = made_ranker()
    expected = ranker.booster.predict(matrix, pred_contrib=True, num_threads=1)
    found = group_contributions(ranker, matrix, 1)
    names = ["generator.als", "generator.item_item", "user.kind", "rank.of_something"]
    assert feature_names(COLUMNS) == names
    np.testing.assert_allclose(found[:, 0], expected[:, 0] + expected[:, 1])
    np.testing.assert_array_equal(found[:, 1:], expected[:, 2:5])
    raw = ranker.score(matrix, COLUMNS, 1)
    np.testing.assert_allclose(found.sum(axis=1) + expected[:, -1], raw, rtol=1e-5, atol=1e-6)


def test_the_three_largest_are_named_with_sign_and_share():
    """By size whatever the sign; shares are of the sizes of all contributions of the row."""
    ranker, matrix = made_ranker()
    grouped = group_contributions(ranker, matrix, 1)
    features, shares = explain_rows(ranker, matrix, 1)
    assert (features.shape, shares.shape) == ((400, TOP), (400, TOP))
    for row in range(400):
        order = sorted(range(4), key=lambda k: (-abs(grouped[row, k]), k))[:TOP]
        assert features[row].tolist() == order
        total = np.abs(grouped[row]).sum()
        np.testing.assert_allclose(shares[row], grouped[row, order] / total, rtol=1e-5)
    assert (shares < 0).any()
    assert (shares > 0).any()


def test_steps_count_the_depths_of_all_leaves():
    """As many as there are inner nodes above each leaf; twice the trees, more steps."""
    few, many = made_ranker(5)[0], made_ranker(10)[0]
    depths = []
    for tree in few.booster.dump_model()["tree_info"]:
        open_nodes = [(tree["tree_structure"], 0)]
        while open_nodes:
            node, depth = open_nodes.pop()
            children = [node[side] for side in ("left_child", "right_child") if side in node]
            open_nodes += [(child, depth + 1) for child in children]
            depths += [] if children else [depth]
    assert count_steps(few) == sum(depths) > 0
    assert count_steps(many) > count_steps(few)


def test_features_are_described_by_their_sql_and_generators_by_name(finished_night):
    """Every column of the night's rankers has words, and those of a table are its header's."""
    columns = open_ranker(finished_night, "home", "night").columns
    described = describe_features(finished_night, feature_names(columns))
    words = {row["feature"]: row["description"] for row in described}
    assert list(words) == feature_names(columns)
    assert words["generator.als"] == "Found by als"
    files = load_folder(features_directory(finished_night.settings))
    for name, text in words.items():
        table, _, column = name.partition(".")
        if table in files:
            assert text == files[table].header.columns[column]
    assert describe_features(finished_night, ["made.up"])[0]["description"] == "made.up"


def test_a_budget_is_spent_on_the_users_with_most_items(finished_night, small_budget):
    """Half of the price buys half of the users, by items had; nothing buys nobody."""
    history = load_history(finished_night, run_cutoffs(finished_night).night)
    items_had = np.diff(history.indptr)
    ranker = open_ranker(finished_night, "home", "night")
    proposed = sum(finished_night.settings.read(SurfacesSettings)["home"].generators.values())
    lists = ListSettings()
    price = lists.explain_items * count_steps(ranker) / (proposed * lists.explain_steps)
    run = small_budget(lists__explain_budget=round(price / 2, 6))
    users = affordable_users(run, "home", ranker)
    expected = sorted(range(60), key=lambda user: (-items_had[user], user))[:30]
    assert len(users) in (29, 30)
    assert users.tolist() == sorted(expected[: len(users)])
    for changes in ({"lists__explain_budget": 0}, {"lists__explain_items": 0}):
        assert affordable_users(small_budget(**changes), "home", ranker).tolist() == []


def test_shards_decide_nothing(finished_night, small_budget):
    """Three shards explain together what one explains, also when the budget is short."""
    changes = {"lists__explain_budget": 0.001}
    run = small_budget(**changes)
    counts = score_users(run, 0)
    whole = {s: pq.read_table(explained_path(run, s, 0)) for s in ("home", "discover")}
    assert counts["explained"] == sum(table.num_rows for table in whole.values()) > 0
    assert counts["explain_seconds"] > 0
    divided = small_budget(**changes, ranking__users_per_shard=25)
    for shard in range(len(shard_users(divided))):
        score_users(divided, shard)
    for surface, table in whole.items():
        parts = [pq.read_table(explained_path(divided, surface, n)) for n in range(3)]
        assert pa.concat_tables(parts) == table
        assert len(set(table["user"].to_pylist())) < 60


def test_what_is_explained_is_what_the_ranker_saw(finished_night):
    """Of each user the first items in order of score, and no more than were asked for."""
    index = load_index(finished_night)
    ranked = pq.read_table(shard_path(finished_night, "home", 0))
    place = {
        (user, item): number
        for number, (user, item) in enumerate(
            zip(ranked["user"].to_pylist(), ranked["item"].to_pylist(), strict=True)
        )
    }
    table = pq.read_table(explained_path(finished_night, "home", 0))
    pairs = list(zip(table["user"].to_pylist(), table["item"].to_pylist(), strict=True))
    places = [place[pair] for pair in pairs]
    assert places == sorted(places)
    assert max(np.bincount(table["user"].to_numpy(), minlength=index.n_users)) == 5
