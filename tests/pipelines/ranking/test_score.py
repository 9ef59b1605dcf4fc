"""Scoring in shards: bounded, ordered, and the same however users are divided."""

import shutil
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.ranking.score import Ranked, score_users, shard_path, shard_users
from tests.night_fixtures import open_shop


@pytest.fixture
def divided(finished_night, tmp_path):
    """The finished night in a directory of its own, to be scored in shards of 25 users."""
    directory = tmp_path / "run"
    ignored = shutil.ignore_patterns("candidates", "lists", "stages")
    shutil.copytree(finished_night.directory, directory, ignore=ignored)
    variables = {"NIGHTSHELF__RANKING__USERS_PER_SHARD": "25"}
    settings = open_shop(finished_night.settings.path.parent, variables)
    return replace(finished_night, directory=directory, settings=settings)


def test_shards_divide_the_users_with_events(finished_night, divided):
    """Every user with an event is in exactly one shard, in order."""
    assert [len(shard) for shard in shard_users(divided)] == [25, 25, 10]
    assert np.concatenate(shard_users(divided)).tolist() == shard_users(finished_night)[0].tolist()


def test_shards_decide_nothing(finished_night, divided):
    """Three shards hold together what one holds, score for score."""
    for shard in range(3):
        assert score_users(divided, shard)["users"] == len(shard_users(divided)[shard])
    for surface in ("home", "discover"):
        parts = [pq.read_table(shard_path(divided, surface, shard)) for shard in range(3)]
        whole = pq.read_table(shard_path(finished_night, surface, 0))
        assert pa.concat_tables(parts) == whole


def test_scores_fall_within_each_user(finished_night):
    """Candidates lie by user, then falling score between 0 and 1, ties by item."""
    for surface in ("home", "discover"):
        table = pq.read_table(shard_path(finished_night, surface, 0))
        user, item, score = (table[name].to_numpy() for name in ("user", "item", "score"))
        np.testing.assert_array_equal(np.lexsort((item, -score, user)), np.arange(len(user)))
        assert ((score > 0) & (score < 1)).all()
        assert len({*zip(user.tolist(), item.tolist(), strict=True)}) == len(user)


def test_first_items_pads_short_lists():
    """Users without candidates get an empty row, others their first k."""
    users = np.array([1, 1, 1, 4], dtype=np.int32)
    items = np.array([9, 3, 5, 2], dtype=np.int32)
    zeros = np.zeros(4, dtype=np.uint8)
    ranked = Ranked(users, items, np.ones(4, np.float32), zeros, zeros.astype(np.uint32))
    found = ranked.first_items(np.array([0, 1, 4], dtype=np.int32), 2)
    assert found.tolist() == [[-1, -1], [9, 3], [2, -1]]
