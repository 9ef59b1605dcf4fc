"""Impressions as training rows, and what becomes of the place at which an item was shown."""

import random
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from pipelines.candidates.fit import load_history
from pipelines.evaluation.logged import compare_on_log
from pipelines.index import load_index
from pipelines.inputs import run_cutoffs, run_lake
from pipelines.ranking.matrix import POSITION
from pipelines.ranking.ranker import bin_rows, fit_ranker
from pipelines.ranking.score import rank_users
from pipelines.ranking.settings import RankingSettings
from pipelines.ranking.train import fit_night_ranker, open_ranker, train_rankers
from pipelines.ranking.training_set import TrainingSet, build_training_set
from tests.pipelines.ranking.shown_fixtures import Showing, with_showings

COLUMNS = ["item.quality", "item.age", POSITION]
SETTINGS = RankingSettings(trees=40, leaves=7, min_rows_per_leaf=20, feature_share=1.0)
PLACES = 10


def biased_world(seed, page_views=600):
    """Lists by falling age, looked at by one over the place; clicks where quality convinces."""
    dice = np.random.default_rng(seed)
    quality = dice.random((page_views, PLACES))
    age = -np.sort(-dice.random((page_views, PLACES)), axis=1)
    place = np.broadcast_to(np.arange(1, PLACES + 1), quality.shape)
    is_clicked = (dice.random(quality.shape) < 1 / place) & (dice.random(quality.shape) < quality)
    matrix = np.stack([quality, age, place], axis=2).reshape(-1, 3).astype(np.float32)
    sizes = np.full(page_views, PLACES, dtype=np.int32)
    return TrainingSet(COLUMNS, matrix, is_clicked.ravel().astype(np.float32), sizes, 1.0)


def fit(training):
    return fit_ranker(bin_rows([training], {}, SETTINGS, threads=1), SETTINGS, seed=3)


@pytest.fixture(scope="module")
def world():
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    return biased_world(seed)


def test_the_place_has_no_part_in_a_score(world):
    """Trees that blame the place for most clicks score the same wherever an item stands."""
    ranker = fit(world)
    assert ranker.importance()[POSITION] > 0.2
    elsewhere = world.matrix.copy()
    elsewhere[:, -1] = PLACES + 1 - elsewhere[:, -1]
    there, here = (ranker.score(m, COLUMNS, 1) for m in (elsewhere, world.matrix))
    np.testing.assert_array_equal(there, here)
    raw = ranker.booster.predict(elsewhere) - ranker.booster.predict(world.matrix)
    assert np.abs(raw).max() > 0.5


def test_a_known_place_frees_the_order_of_its_bias(world):
    """Of two items of unlike quality the better is above more often when the place is known."""
    blind = replace(world, matrix=np.c_[world.matrix[:, :2], np.ones(len(world.matrix))])
    dice = np.random.default_rng(1)
    new = np.c_[dice.random((2000, 2)), np.ones(2000)].astype(np.float32)
    quality = new[:, 0]
    agreement = {}
    for name, training in (("known", world), ("blind", blind)):
        scores = fit(training).score(new, COLUMNS, 1)
        above = np.sign(scores[::2] - scores[1::2]) == np.sign(quality[::2] - quality[1::2])
        agreement[name] = above.mean()
    assert agreement["known"] > agreement["blind"] + 0.03, agreement


def buyers_of_items(run, moment):
    """How many users had each item before *moment*."""
    return np.diff(load_history(run, moment).tocsc().indptr)


def showings_of_rare_items(run, moment):
    """Every user is shown items in an order that says nothing, and clicks what few others had."""
    index = load_index(run)
    buyers = buyers_of_items(run, moment)
    dice = random.Random(5)
    for number, user in enumerate(index.user_ids):
        items = dice.sample(range(index.n_items), 12)
        clicked = [item for item in items if buyers[item] < np.median(buyers)]
        at = moment + timedelta(hours=1, minutes=number)
        shown, taken = (tuple(index.item_ids[ids]) for ids in (items, clicked))
        yield Showing(user, at, shown, taken, page_view=f"p{number}")


def test_what_was_not_taken_is_learnt_from(finished_night, tmp_path):
    """Users who click what few had get more of it from a ranker that saw it; switched off,
    rankers are those of the night without impressions; twice, they are the same."""
    cutoffs = run_cutoffs(finished_night)
    showings = [
        s for moment in cutoffs.labelled for s in showings_of_rare_items(finished_night, moment)
    ]
    runs = {
        name: with_showings(finished_night, tmp_path / name, showings, impressions=setting)
        for name, setting in {"on": "auto", "again": "auto", "off": "off"}.items()
    }
    counts = {name: train_rankers(run) for name, run in runs.items()}
    assert counts["on"]["home_shown_rows"] > 0.5 * 12 * len(showings)
    assert counts["off"]["home_shown_rows"] == 0
    both = ("night", "evaluated")
    texts = {
        name: [open_ranker(run, "home", purpose).booster.model_to_string() for purpose in both]
        for name, run in {**runs, "before": finished_night}.items()
    }
    assert texts["on"] == texts["again"] != texts["off"] == texts["before"]
    index = load_index(finished_night)
    buyers = buyers_of_items(finished_night, cutoffs.night)
    users = np.arange(index.n_users, dtype=np.int32)
    popularity = {}
    for name in ("on", "off"):
        ranker = open_ranker(runs[name], "home", "night")
        ranked = rank_users(runs[name], index, "home", cutoffs.night, users, ranker)
        popularity[name] = buyers[ranked.first_items(users, 5)].mean()
    assert popularity["on"] < popularity["off"] - 1, popularity


@pytest.fixture(scope="module")
def taught(finished_night, tmp_path_factory):
    """The night with impressions of rare items, trained on them and not."""
    folder = tmp_path_factory.mktemp("taught")
    cutoffs = run_cutoffs(finished_night)
    moments = (*cutoffs.labelled, cutoffs.night)  # the last is of no training window
    showings = [s for moment in moments for s in showings_of_rare_items(finished_night, moment)]
    return {
        name: with_showings(finished_night, folder / name, showings, impressions=setting)
        for name, setting in {"on": "auto", "off": "off"}.items()
    }


def test_a_later_day_tells_the_rankers_apart(taught):
    """On a day that neither saw, the one that learnt what is clicked puts it higher; the other way
    round it loses, and nothing is told apart from itself."""
    run = taught["on"]
    index, night = load_index(run), run_cutoffs(run).night
    rankers = {name: fit_night_ranker(each, index, "home") for name, each in taught.items()}
    window = (night, night + timedelta(days=1))

    def compare(first, second):
        pair = {"first": rankers[first], "second": rankers[second]}
        return compare_on_log(
            run, index, run_lake(run), "home", pair, window, lambda places: places**-0.5
        )

    found = compare("on", "off")
    assert (found.verdict, found.users) == ("won", index.n_users)
    assert found.gain == pytest.approx(found.values["first"] - found.values["second"])
    assert compare("off", "on").verdict == "lost"
    same = compare("on", "on")
    assert (same.verdict, same.gain, same.interval) == ("no difference", 0, (0, 0))
    quiet = (night + timedelta(days=40), night + timedelta(days=41))
    nothing = compare_on_log(run, index, run_lake(run), "home", rankers, quiet, np.ones_like)
    assert nothing is None


def test_a_ranker_in_memory_is_that_of_the_night(taught, finished_night):
    """Fitted alone it has the trees that the night saved, with and without impressions."""
    train_rankers(taught["on"])
    for run in (taught["on"], finished_night):
        alone = fit_night_ranker(run, load_index(run), "home")
        saved = open_ranker(run, "home", "night")
        assert alone.booster.model_to_string() == saved.booster.model_to_string()


def test_a_pair_is_described_as_its_candidate_is(finished_night, tmp_path):
    """Rows of page views come after those of users, grouped, with the same features of a pair;
    a page that was all or not at all taken teaches nothing."""
    cutoff = run_cutoffs(finished_night).evaluation
    at = cutoff + timedelta(hours=1)
    items = ("i004", "i001", "i007")
    showings = [
        Showing("u001", at, items, ("i004",), page_view="one"),
        Showing("u001", at + timedelta(hours=1), items, ("i001",), "two", "r2"),
        Showing("u002", at, items, page_view="nothing"),
        Showing("u003", at, items, items, page_view="all"),
    ]
    run = with_showings(finished_night, tmp_path, showings)
    index = load_index(run)
    training = build_training_set(run, index, "home", cutoff, {})
    plain = build_training_set(finished_night, index, "home", cutoff, {})
    n = len(training.relevance) - training.shown_rows
    assert 0 <= len(plain.relevance) - n <= 4  # what was taken is no sampled negative
    assert training.relevance[:n].sum() == plain.relevance.sum()
    assert (training.matrix[:n, -1] == 1).all()
    groups = training.group_sizes[len(plain.group_sizes) :]
    assert (groups.tolist(), training.shown_rows) == ([3] * len(groups), 3 * len(groups))
    first, second = training.matrix[n : n + 3], training.matrix[n + 3 : n + 6]
    np.testing.assert_array_equal(first[:, :-1], second[:, :-1])
    assert first[:, -1].tolist() == [2, 1, 3]  # by item number: i001, i004, i007
    assert training.relevance[n + 1] == training.relevance[n + 3] == 1
