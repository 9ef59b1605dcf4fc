"""Popularity of the weeks to come, learned from items that came and went before."""

import numpy as np
import pytest

from pipelines.candidates.forecast import ForecastPopularity, ForecastSettings
from tests.pipelines.candidates.boards import interactions_of, past_of

USER = np.zeros(1, dtype=np.int32)


def life(item, peak):
    """Events of an item whose sales rise until *peak* days before the cutoff, then fall again."""
    for day in range(196):
        for _ in range(12 - abs(day - peak) // 3):
            yield (0, item, day + 0.5)


def season():
    """Items whose sales rise and fall one after another; the last peaks are yet to come.

    The first two sold exactly as much in the last 28 days: one rises, the other fades.
    """
    peaks = [*range(-20, 0, 4), *range(32, 180, 3)]
    events = [*life(0, -2), *life(1, 29)]
    events += [event for n, peak in enumerate(peaks, 2) for event in life(n, peak)]
    return interactions_of(events, 1, 2 + len(peaks))


def test_a_rising_item_outranks_a_fading_one():
    """Of two items that sold alike in the last 28 days, the one whose sales rise comes first."""
    board = season()
    recent = board.items[board.age_days < 28]
    assert (recent == 0).sum() == (recent == 1).sum() > 0
    model = ForecastPopularity.fit(past_of(board), ForecastSettings())
    rising, fading = model.score(np.zeros(2, dtype=np.int32), np.arange(2, dtype=np.int32))
    assert rising > 2 * fading > 0


def test_what_did_not_sell_for_the_longest_window_is_foretold_nothing():
    """An item that nobody had in 84 days is no candidate, however much it sold before."""
    board = season()
    gone = np.setdiff1d(np.arange(board.n_items), board.items[board.age_days < 84])
    proposed = ForecastPopularity.fit(past_of(board), ForecastSettings()).candidates(
        USER, board.n_items, None
    )
    assert len(gone) > 0
    assert set(gone) & set(proposed[0]) == set()


@pytest.mark.parametrize(
    ("ages", "scores"),
    [
        pytest.param({0: [1.5], 1: [1.0, 2.0, 3.0]}, [1, 3], id="days"),
        pytest.param({0: [150.0], 1: [1.0]}, [1, 1], id="nothing followed"),
        pytest.param({0: [100.0, 110.0], 1: [120.0]}, [2, 1], id="nothing of late"),
        pytest.param({0: [300.0], 1: [250.0, 260.0]}, [1, 2], id="nothing within reach"),
        pytest.param({0: range(1, 90), 1: range(1, 100, 2)}, [89, 50], id="too few items"),
    ],
)
def test_with_too_little_to_learn_from_events_are_counted(ages, scores):
    """Short, sparse or old histories, of which no tree can learn, are no error."""
    events = [(0, item, float(age)) for item, days in ages.items() for age in days]
    model = ForecastPopularity.fit(past_of(interactions_of(events, 1, 3)), ForecastSettings())
    items = np.arange(3, dtype=np.int32)
    assert model.score(np.zeros(3, dtype=np.int32), items).tolist() == [*scores, 0]


def test_the_same_events_are_foretold_the_same():
    """Two fits on one history give the same numbers, bit by bit."""
    board = season()
    first, second = (ForecastPopularity.fit(past_of(board), ForecastSettings()) for _ in range(2))
    everything = np.arange(board.n_items, dtype=np.int32)
    users = np.zeros_like(everything)
    np.testing.assert_array_equal(first.score(users, everything), second.score(users, everything))
