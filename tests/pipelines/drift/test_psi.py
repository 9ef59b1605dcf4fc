"""The index against figures by hand, and its chance level against samples."""

import math
import random

import pytest
from scipy.stats import chi2

from pipelines.drift.psi import FLOOR, chance_difference, chance_level, stability_index


@pytest.mark.parametrize(
    ("now", "before", "by_hand"),
    [
        ((0.5, 0.5), (0.5, 0.5), 0.0),
        ((0.25, 0.75), (0.5, 0.5), 0.274653),  # 0.25 ln 2 + 0.25 ln 1.5
        ((0.1, 0.2, 0.7), (0.2, 0.3, 0.5), 0.177156),  # 0.1 ln 2 + 0.1 ln 1.5 + 0.2 ln 1.4
        ((1.0, 0.0), (0.5, 0.5), 0.5 * math.log(2) + (0.5 - FLOOR) * math.log(0.5 / FLOOR)),
        ((0.0, 1.0), (0.0, 1.0), 0.0),  # a bin that was never used says nothing
    ],
)
def test_known_values(now, before, by_hand):
    """The sum over bins of (a − e) ln(a / e), empty bins at the floor; the same both ways."""
    assert stability_index(now, before) == pytest.approx(by_hand, abs=1e-6)
    assert stability_index(before, now) == pytest.approx(by_hand, abs=1e-6)


def test_other_bins_cannot_be_compared():
    """Shares of three bins against shares of two are refused."""
    with pytest.raises(ValueError, match="shorter"):
        stability_index((0.1, 0.2, 0.7), (0.5, 0.5))


@pytest.mark.parametrize("n_bins", [2, 5, 11, 21])
def test_chance_level_is_a_quantile_of_chi_square(n_bins):
    """That of 0.9999 with a degree of freedom less than bins, for both numbers of rows."""
    exact = chi2.ppf(0.9999, n_bins - 1) * (1 / 500 + 1 / 2000)
    assert chance_level(n_bins, 500, 2000) == pytest.approx(exact)


def test_chance_level_of_nothing_is_zero():
    """One bin, or no rows, cannot differ by chance."""
    assert [chance_level(1, 10, 10), chance_level(5, 0, 10), chance_level(5, 10, 0)] == [0, 0, 0]


def test_samples_of_one_population_stay_below_the_chance_level():
    """Of 2,000 pairs of small samples at most two are above it; the mean is that of χ²."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    dice = random.Random(seed)
    bins, rows = 6, 400

    def shares():
        counts = [0] * bins
        for _ in range(rows):
            counts[dice.randrange(bins)] += 1
        return [count / rows for count in counts]

    found = [stability_index(shares(), shares()) for _ in range(2000)]
    assert sum(psi > chance_level(bins, rows, rows) for psi in found) <= 2
    assert sum(found) / len(found) == pytest.approx((bins - 1) * 2 / rows, rel=0.1)


@pytest.mark.parametrize("share", [0.02, 0.5])
def test_shares_of_one_population_stay_below_the_chance_difference(share):
    """Of 2,000 pairs at most two are above it; pairs of other populations are."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    dice = random.Random(seed)

    def found(likely, rows):
        return sum(dice.random() < likely for _ in range(rows)) / rows

    pairs = [(found(share, 200), found(share, 400)) for _ in range(2000)]
    assert sum(abs(a - b) > chance_difference(a, 200, b, 400) for a, b in pairs) <= 2
    assert chance_difference(share + 0.3, 200, share, 400) < 0.3


@pytest.mark.parametrize(("nulls", "is_over"), [(1, False), (5, False), (12, True)])
def test_twenty_rows_say_little(nulls, is_over):
    """By Fisher's exact test 12 of 20 against none is one case of 20,000, and 5 one of 21."""
    assert (nulls / 20 > chance_difference(nulls / 20, 20, 0.0, 20)) == is_over


def test_a_difference_of_nothing_is_none():
    """Without rows, or with the same share of all or none, chance has nothing to explain."""
    assert [chance_difference(0.5, 0, 0.5, 9), chance_difference(1.0, 9, 1.0, 9)] == [0, 0]
