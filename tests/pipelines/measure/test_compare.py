"""Groups side by side."""

import pytest

from pipelines.measure.compare import compare_variants
from tests.pipelines.measure.site import DAY, HOUR, MINUTE, MONDAY

NINE = MONDAY + 9 * HOUR


def fill(site, users=40):
    """Two days: everybody of `default` clicks one of two items, of `control` every fourth user."""
    for day in range(2):
        for number in range(users):
            variant = "control" if number % 2 else "default"
            at = NINE + day * DAY
            shown = site.show(f"u{number}", "ab", at, variant=variant)
            if variant == "default" or number % 8 == 1:
                site.act(f"u{number}", "a", at + MINUTE, recommendation_id=shown)
    site.land()


def rounded(figure):
    """A figure of a group without its interval."""
    return (str(figure.day), figure.group, figure.n_users, figure.n_shown, figure.n_clicked,
            figure.ctr)  # fmt: skip


def test_ctr_by_day_and_variant_then_together(site):
    """Sums and rates by hand; a user of two days is one user."""
    fill(site)
    found = compare_variants(site.settings)
    assert [rounded(figure) for figure in found.figures] == [
        ("2026-03-02", "control", 20, 40, 5, 0.125),
        ("2026-03-02", "default", 20, 40, 20, 0.5),
        ("2026-03-03", "control", 20, 40, 5, 0.125),
        ("2026-03-03", "default", 20, 40, 20, 0.5),
        ("None", "control", 20, 80, 10, 0.125),
        ("None", "default", 20, 80, 40, 0.5),
    ]
    assert all(figure.low < figure.ctr < figure.high for figure in found.figures)
    assert found.differences == []


def test_the_difference_from_a_control_group(site):
    """Large enough to be decided, by each day and together; the same again with the same seed."""
    fill(site)
    found = compare_variants(site.settings, control="control", surface="home")
    assert [(d.group, d.control, d.difference) for d in found.differences] == [
        ("default", "control", 0.375)
    ] * 3
    assert all(0 < d.low < d.difference < d.high for d in found.differences)
    assert compare_variants(site.settings, control="control", surface="home") == found


def test_groups_that_are_no_variants(site):
    """By user id; those in no group are left out, and so is what nobody was shown."""
    fill(site)
    groups = {"u0": "ours", "u1": "theirs", "u2": "ours", "nobody": "theirs"}
    found = compare_variants(site.settings, [MONDAY.date()], groups=groups, control="theirs")
    assert [rounded(figure)[1:] for figure in found.figures] == [
        ("ours", 2, 4, 2, 0.5),
        ("theirs", 1, 2, 1, 0.5),
    ]
    assert found.differences[0].difference == 0


@pytest.mark.parametrize("options", [{"surface": "nowhere"}, {"groups": {}}])
def test_nothing_to_compare(site, options):
    """No rows, no figures."""
    fill(site, 4)
    found = compare_variants(site.settings, **options)
    assert (found.figures, found.differences) == ([], [])
