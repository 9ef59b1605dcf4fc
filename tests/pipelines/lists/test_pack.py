"""What the night packs is what the day unpacks."""

import random

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipelines.lists.fallback import FallbackList
from pipelines.lists.listed import Listed, _never_rising
from pipelines.lists.pack import pack_fallback, pack_lists, write_by_bucket
from pipelines.lists.reasons import REASON_CODES
from store.keys import bucket_of
from store.packed import SCORE_STEPS, unpack_list


def made_lists(seed):
    """Lists of random lengths, reasons and falling scores for a few users."""
    dice = np.random.default_rng(seed)
    sizes = dice.integers(1, 40, 8)
    n = int(sizes.sum())
    scores = np.concatenate([-np.sort(-dice.random(size)) for size in sizes])
    return Listed(
        users=np.repeat(np.arange(8, dtype=np.int32) * 3, sizes),
        ranks=np.concatenate([np.arange(1, size + 1) for size in sizes]).astype(np.int16),
        items=dice.integers(0, 2**31 - 1, n).astype(np.int32),
        scores=scores.astype(np.float32),
        reasons=dice.integers(0, len(REASON_CODES), n).astype(np.uint8),
        sources=dice.integers(0, 5, n).astype(np.uint8),
        reason_items=dice.integers(-1, 9, n).astype(np.int32),
        generators=dice.integers(1, 2**5, n).astype(np.uint32),
        had=dice.integers(0, 2, n).astype(bool),
    )


def test_packed_lists_unpack_to_the_same_entries():
    """All but the scores are equal; those are within half a step of 65535."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    listed = made_lists(seed)
    packed = dict(pack_lists(listed))
    assert list(packed) == np.unique(listed.users).tolist()
    for user, data in packed.items():
        rows = np.flatnonzero(listed.users == user)
        entries = list(unpack_list(data))
        assert [(e.number, e.reason, e.source, e.reason_item, e.had) for e in entries] == [
            (
                int(listed.items[row]),
                int(listed.reasons[row]),
                int(listed.sources[row]),
                None if listed.reason_items[row] < 0 else int(listed.reason_items[row]),
                bool(listed.had[row]),
            )
            for row in rows
        ]
        scores = listed.scores[rows]
        step = (scores[0] - scores[-1]) / SCORE_STEPS
        np.testing.assert_allclose([e.score for e in entries], scores, atol=0.51 * step + 1e-7)


def test_equal_scores_are_packed_as_they_are():
    """A list without a spread keeps its one score."""
    listed = made_lists(1)
    same = Listed(**{**vars(listed), "scores": np.full(len(listed.items), 0.25, dtype=np.float32)})
    for data in dict(pack_lists(same)).values():
        assert {entry.score for entry in unpack_list(data)} == {0.25}


def test_a_fallback_list_has_one_reason():
    """A shared list is packed in the same form; an empty one is no error."""
    items = np.array([4, 2, 9], dtype=np.int32)
    scores = np.array([1, 0.5, 0.25], dtype=np.float32)
    found = list(unpack_list(pack_fallback(FallbackList("x", items, scores, 5), source=3)))
    assert [(e.number, e.reason, e.source, e.reason_item) for e in found] == [
        (4, 5, 3, None),
        (2, 5, 3, None),
        (9, 5, 3, None),
    ]
    assert [e.score for e in found] == pytest.approx([1, 0.5, 0.25], abs=1e-5)
    empty = FallbackList("x", items[:0], scores[:0], 5)
    assert list(unpack_list(pack_fallback(empty, source=3))) == []


def test_rows_lie_in_the_order_of_the_store(tmp_path):
    """By bucket, then user id, with the bucket that the store computes; ids of any script."""
    users = [f"u{k}" for k in range(40)] + ["Ünal", "日本"]
    values = [user.encode() for user in users]
    write_by_bucket(tmp_path / "a.parquet", users, values, "packed", 4)
    rows = pq.read_table(tmp_path / "a.parquet").to_pylist()
    assert rows == sorted(
        ({"bucket": bucket_of(u, 4), "user_id": u, "packed": u.encode()} for u in users),
        key=lambda row: (row["bucket"], row["user_id"]),
    )


def test_scores_never_rise():
    """An item that a rule moved down scores no more than the one before it; lists are apart."""
    scores = np.array([0.9, 0.5, 0.8, 0.4, 0.7, 0.95, 0.2], dtype=np.float32)
    starts = np.array([1, 0, 0, 0, 1, 0, 0], dtype=bool)
    expected = np.array([0.9, 0.5, 0.5, 0.4, 0.7, 0.7, 0.2], dtype=np.float32)
    np.testing.assert_allclose(_never_rising(scores, starts), expected, atol=1e-6)
