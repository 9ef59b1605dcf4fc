"""The ranker learns, repeats itself, and never reads a file that is not its own."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.ranking.ranker import (
    RankerError,
    bin_rows,
    choose_trees,
    fit_ranker,
    load_ranker,
    save_ranker,
)
from pipelines.ranking.settings import RankingSettings
from pipelines.ranking.training_set import TrainingSet

SETTINGS = RankingSettings(trees=15, leaves=7, min_rows_per_leaf=5, feature_share=1.0)
COLUMNS = ["score.als", "user.noise", "item.kind"]
VOCABULARY = {"item.kind": ["a", "b", "c"]}


def made_set(seed):
    """Forty users with ten candidates; relevant is what scores high and is of kind 1."""
    dice = np.random.default_rng(seed)
    matrix = dice.random((400, 3)).astype(np.float32)
    matrix[:, 2] = dice.integers(0, 3, 400)
    relevance = ((matrix[:, 0] > 0.6) & (matrix[:, 2] == 1)).astype(np.float32)
    return TrainingSet(COLUMNS, matrix, relevance, np.full(40, 10, dtype=np.int32), 1.0)


def fitted(sets, settings=SETTINGS, trees=None):
    """A ranker of *sets*."""
    rows = bin_rows(sets, VOCABULARY, settings, threads=1)
    return fit_ranker(rows, settings, seed=4, trees=trees)


@pytest.fixture(scope="module")
def ranker():
    """A ranker of two small training sets."""
    return fitted([made_set(0), made_set(1)])


def test_it_learns_what_decides(ranker):
    """Relevant rows of new data score above the others, and noise explains little."""
    new = made_set(2)
    scores = ranker.score(new.matrix, COLUMNS, 1)
    relevant, others = scores[new.relevance > 0], scores[new.relevance == 0]
    assert relevant.mean() > others.mean() + 1
    importance = ranker.importance()
    assert list(importance) == COLUMNS
    assert sum(importance.values()) == pytest.approx(1)
    assert importance["user.noise"] < 0.1


def test_the_same_input_gives_the_same_trees(ranker):
    """A second fit is the same text; fewer rows are another one."""
    again = fitted([made_set(0), made_set(1)])
    other = fitted([made_set(0)])
    assert again.booster.model_to_string() == ranker.booster.model_to_string()
    assert other.booster.model_to_string() != ranker.booster.model_to_string()


def test_pairs_may_be_judged_alone():
    """The binary objective ranks as well, scores without bounds, and takes graded relevance."""
    settings = SETTINGS.model_copy(update={"objective": "binary"})
    graded = [replace(s, relevance=3 * s.relevance) for s in (made_set(0), made_set(1))]
    judged = fitted(graded, settings)
    new = made_set(2)
    scores = judged.score(new.matrix, COLUMNS, 1)
    assert scores[new.relevance > 0].mean() > scores[new.relevance == 0].mean() + 1
    assert scores.min() < 0 < scores.max()


def test_the_number_of_trees_may_be_given(ranker):
    """Given trees win over the settings; without them the settings decide."""
    fewer = fitted([made_set(0)], trees=3)
    assert (fewer.booster.num_trees(), ranker.booster.num_trees()) == (3, SETTINGS.trees)


def test_trees_stop_when_newer_users_gain_nothing():
    """Where a few trees tell all, hundreds are not grown; the same input chooses the same number.

    The chosen trees rank users that decided nothing as well as all of them would.
    """
    settings = SETTINGS.model_copy(update={"trees": 300, "patience": 10})
    sets = [made_set(seed) for seed in range(3)]
    rows = bin_rows(sets, VOCABULARY, settings, threads=1)
    first, again = (choose_trees(rows, settings, seed=4) for _ in range(2))
    assert first == again
    assert 1 <= first < 290
    new = made_set(3)
    ranker = fitted([made_set(0)], settings, trees=first)
    scores = ranker.score(new.matrix, COLUMNS, 1)
    assert scores[new.relevance > 0].mean() > scores[new.relevance == 0].mean()


def test_only_the_newest_set_decides_how_many_trees():
    """Where it says the opposite of the older ones, more trees soon help no more."""
    settings = SETTINGS.model_copy(update={"trees": 60, "patience": 20})

    def sloped(seed, *, up):
        rows = made_set(seed)
        product = rows.matrix[:, 0] * rows.matrix[:, 1]
        relevant = product > 0.4 if up else product < 0.1
        return replace(rows, relevance=relevant.astype(np.float32))

    alike, against = (
        choose_trees(
            bin_rows(
                [sloped(0, up=True), sloped(1, up=True), newest], VOCABULARY, settings, threads=1
            ),
            settings,
            seed=4,
        )
        for newest in (sloped(2, up=True), sloped(2, up=False))
    )
    assert alike > 2 * against, (alike, against)


def test_bins_may_be_those_of_other_rows(ranker):
    """Rows in the bins of themselves give the trees of their own; other bins give others."""
    sets = [made_set(0), made_set(1)]
    own = bin_rows(sets, VOCABULARY, SETTINGS, threads=1)
    same = bin_rows(sets, VOCABULARY, SETTINGS, threads=1, bins_of=own)
    fewer = bin_rows([made_set(5)], VOCABULARY, SETTINGS, threads=1)
    others = bin_rows(sets, VOCABULARY, SETTINGS, threads=1, bins_of=fewer)
    texts = [
        fit_ranker(rows, SETTINGS, seed=4).booster.model_to_string() for rows in (same, others)
    ]
    assert texts[0] == ranker.booster.model_to_string()
    assert texts[1] != texts[0]


def test_a_saved_ranker_scores_the_same(ranker, tmp_path):
    """Loaded back it has the same columns, vocabulary and scores."""
    save_ranker(ranker, tmp_path / "r.txt")
    loaded = load_ranker(tmp_path / "r.txt")
    assert (loaded.columns, loaded.vocabulary) == (COLUMNS, VOCABULARY)
    matrix = made_set(3).matrix
    np.testing.assert_array_equal(
        loaded.score(matrix, COLUMNS, 1), ranker.score(matrix, COLUMNS, 1)
    )


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda data: data.replace(b"0.5", b"0.6", 1) + b"\n",
        lambda data: b"",
        lambda data: b"tree\x00" * 50,
    ],
    ids=["one byte", "half", "changed", "empty", "other"],
)
def test_a_damaged_ranker_is_refused(ranker, tmp_path, damage):
    """A file with another checksum is an error with both, before LightGBM sees a byte."""
    path = tmp_path / "r.txt"
    save_ranker(ranker, path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(RankerError, match=r"r\.txt: SHA-256 is \w{12}…, expected \w{12}…; the fi"):
        load_ranker(path)


def test_a_swapped_ranker_is_refused(ranker, tmp_path):
    """A good model under the name of another one is not taken for it."""
    save_ranker(ranker, tmp_path / "home.txt")
    other = fitted([made_set(9)])
    save_ranker(other, tmp_path / "discover.txt")
    (tmp_path / "discover.txt").replace(tmp_path / "home.txt")
    with pytest.raises(RankerError, match="was damaged or swapped"):
        load_ranker(tmp_path / "home.txt")


@pytest.mark.parametrize("columns", [COLUMNS[:2], [*COLUMNS[::-1]], [*COLUMNS, "item.new"]])
def test_other_columns_are_refused(ranker, columns):
    """A matrix of fewer, more or reordered columns is not scored."""
    matrix = np.zeros((1, len(columns)), dtype=np.float32)
    with pytest.raises(RankerError, match="does not have the columns that the ranker was trained"):
        ranker.score(matrix, columns, 1)


def test_nothing_to_score_is_no_error(ranker):
    """No rows give no scores."""
    assert ranker.score(np.empty((0, 3), dtype=np.float32), COLUMNS, 1).tolist() == []
