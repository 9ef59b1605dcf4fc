"""Which candidates the ranker is trained on, and what their labels are."""

import random
from dataclasses import replace

import numpy as np
import pytest

from pipelines.features.database import feature_table, open_features
from pipelines.features.problems import SqlFileError
from pipelines.index import load_index
from pipelines.inputs import run_cutoffs
from pipelines.ranking.labels import load_labels
from pipelines.ranking.training_set import (
    TrainingSetError,
    build_training_set,
    labelled_users,
    open_training_features,
    sample_negatives,
)


def test_positives_stay_and_negatives_are_bounded():
    """All positives, at most so many negatives, and nobody without a positive."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    dice = np.random.default_rng(seed)
    sizes = dice.integers(1, 30, 40)
    users = np.repeat(np.arange(40, dtype=np.int32), sizes)
    positive = (dice.random(len(users)) < 0.1) & (users % 4 > 0)
    keep = sample_negatives(users, positive.astype(np.float32), 5, dice)
    for user in range(40):
        mine = users == user
        n_positives = int(positive[mine].sum())
        n_negatives = int((~positive[mine]).sum())
        assert keep[mine & positive].all()
        expected = min(5, n_negatives) if n_positives else 0
        assert int(keep[mine & ~positive].sum()) == expected


def test_the_same_dice_keep_the_same_rows():
    """A training set is drawn again as it was."""
    users = np.repeat(np.arange(9, dtype=np.int32), 20)
    relevance = (np.arange(180) % 20 == 3).astype(np.float32)
    first, second = (
        sample_negatives(users, relevance, 4, np.random.default_rng(5)) for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)
    assert first.sum() == 9 * 5


def test_a_training_set_holds_the_positives_of_its_users(finished_night):
    """Rows are grouped by user, every group has a positive, and the widths agree."""
    index = load_index(finished_night)
    cutoff = run_cutoffs(finished_night).training[0]
    training = build_training_set(finished_night, index, "home", cutoff, {})
    assert training.matrix.shape == (len(training.relevance), len(training.columns))
    assert len(set(training.columns)) == len(training.columns)
    assert int(training.group_sizes.sum()) == len(training.relevance)
    ends = np.cumsum(training.group_sizes)
    groups = np.split(training.relevance, ends[:-1])
    labels = load_labels(finished_night, index, "purchased", cutoff)
    assert all(group.max() > 0 for group in groups)
    assert len(groups) <= int((np.diff(labels.indptr) > 0).sum())


def test_surfaces_share_their_features(finished_night):
    """Features read once for every surface give the rows that each would read for itself."""
    index = load_index(finished_night)
    cutoff = run_cutoffs(finished_night).training[0]
    features = open_training_features(finished_night, index, cutoff, {})
    for surface in ("discover", "home"):
        shared = build_training_set(finished_night, index, surface, cutoff, {}, features)
        alone = build_training_set(finished_night, index, surface, cutoff, {})
        assert shared.columns == alone.columns
        np.testing.assert_array_equal(shared.matrix, alone.matrix)
        np.testing.assert_array_equal(shared.relevance, alone.relevance)


def test_users_without_candidates_give_no_training_set(finished_night):
    """A generator of what a user had proposes nothing new: an error that names what to raise."""
    surfaces = {"discover": {"repeats": False, "generators": {"own_most_frequent": 10}}}
    settings = finished_night.settings
    run = replace(
        finished_night, settings=replace(settings, tables={**settings.tables, "surfaces": surfaces})
    )
    cutoff = run_cutoffs(run).training[0]
    expected = (
        rf"surface discover: of \d+ users nobody has a candidate as of {cutoff:%Y-%m-%d} that "
        r"is in label/purchased\.sql after it; raise the numbers of \[surfaces\.discover\] "
    )
    with pytest.raises(TrainingSetError, match=expected):
        build_training_set(run, load_index(run), "discover", cutoff, {})


def test_labels_are_the_rows_of_their_table(finished_night):
    """The matrix has the relevance of every row of the label, and nothing else."""
    index = load_index(finished_night)
    cutoff = run_cutoffs(finished_night).evaluation
    labels = load_labels(finished_night, index, "purchased", cutoff).tocoo()
    with open_features(finished_night) as connection:
        table = feature_table(connection, finished_night, "purchased", cutoff).fetchall()
    ids = zip(index.user_ids[labels.row], index.item_ids[labels.col], labels.data, strict=True)
    assert sorted(ids) == sorted(table) != []


def test_only_users_of_both_sides_are_labelled(finished_night):
    """A user needs an event before the cutoff and a label after it."""
    index = load_index(finished_night)
    labels = load_labels(finished_night, index, "purchased", run_cutoffs(finished_night).evaluation)
    history = labels.copy()
    history.data[history.indptr[3] : history.indptr[4]] = 0
    history.eliminate_zeros()
    expected = [u for u in range(60) if labels[u].nnz and u != 3]
    assert labelled_users(history, labels).tolist() == expected


@pytest.mark.parametrize(
    ("label", "cause"),
    [
        ("wished", r"feature_sql/label/wished\.sql is missing, but a surface .* label = 'wished'"),
        ("user_churned", r"user_churned\.sql gives \['user_id', 'is_churned'\]; a surface's label"),
    ],
)
def test_a_label_that_is_none_is_refused(finished_night, label, cause):
    """A missing label, or one without items, names the file and what it lacks."""
    cutoff = run_cutoffs(finished_night).evaluation
    with pytest.raises(SqlFileError, match=cause):
        load_labels(finished_night, load_index(finished_night), label, cutoff)
