"""Fifteen kills of the loop for real, and that doubles and losses would be seen."""

import random
from collections import Counter

from benchmarks.chaos_runners.collectors import stored_ids
from benchmarks.loop_chaos import SMALL_ROUNDS, play
from pipelines.collect.rows import event_rows, impression_rows
from pipelines.collected import KINDS, commit_collected, write_collected
from tests.pipelines.collect.shop_log import click, impression


def test_nothing_acknowledged_is_lost_or_doubled_by_kills(tmp_path):
    """Workers, collectors and the store are killed in turns while shoppers send and retry."""
    seed = random.randrange(10**9)
    print("seed", seed)
    found = play(tmp_path, rounds=SMALL_ROUNDS, shoppers=3, seed=seed)
    assert (found["lost"], found["doubled"], found["rejected"], found["quarantined"]) == (
        0,
        0,
        0,
        0,
    )
    assert set(found["killed"].values()) == {SMALL_ROUNDS / 3}
    assert found["acknowledged"] > 50
    assert found["stored"] >= found["acknowledged"]
    assert found["duplicates_removed"] > 0


def test_what_is_stored_twice_is_counted_twice(tmp_path):
    """An action in two files, a position of an impression in two, an id that is both."""
    first = [click(1), click(2), impression(3), impression(4), click(5)]
    second = [click(2, user_id="else"), impression(4, user_id="else"), impression(5)]
    entries = {kind: [] for kind in KINDS}
    for batch in (first, second):
        for kind, rows in zip(KINDS, (event_rows(batch), impression_rows(batch)), strict=True):
            entries[kind] += write_collected(tmp_path, kind, rows)
    found = stored_ids(commit_collected(tmp_path, entries))
    assert found == Counter({"e1": 1, "e2": 2, "e3": 1, "e4": 2, "e5": 2})
