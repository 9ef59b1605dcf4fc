"""Moments: what a text means, where the weekly grid lies, and which cutoffs a night has."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.moments import (
    WEEK,
    Cutoffs,
    MomentError,
    NightSettings,
    choose_cutoffs,
    compact,
    last_grid_moment,
    parse_moment,
)

AS_OF = datetime(2018, 1, 1)  # a Monday


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2018-01-01", datetime(2018, 1, 1)),
        ("2018-01-01T06:30:00", datetime(2018, 1, 1, 6, 30)),
        ("2018-01-01T06:30:00Z", datetime(2018, 1, 1, 6, 30)),
        ("2018-07-01T00:30:00+01:00", datetime(2018, 6, 30, 23, 30)),
        ("2017-12-31T19:00:00-05:00", datetime(2018, 1, 1)),
    ],
)
def test_a_text_becomes_naive_utc(text, moment):
    """Offsets are taken off, and a text without one is UTC already."""
    assert parse_moment(text) == moment


@pytest.mark.parametrize("text", ["", "today", "01/02/2018", "2018-13-01", "2018-01-01T25:00"])
def test_other_texts_are_refused(text):
    """The error shows what was found and what a moment looks like."""
    with pytest.raises(MomentError, match="is not a moment; expected a date or ISO time such as"):
        parse_moment(text)


@pytest.mark.parametrize(
    "text", ["0001-01-01", "0001-01-01T00:00:00+14:00", "1989-12-31T23:59:59", "2200-01-01"]
)
def test_moments_far_off_are_refused(text):
    """What no data can have, and what counting back would take out of the calendar, is named."""
    with pytest.raises(MomentError) as caught:
        parse_moment(text)
    found = datetime.fromisoformat(text).isoformat()
    assert str(caught.value) == (
        f"{found} is out of range; expected a moment of the years 1990 to 2199"
    )


def test_a_moment_in_names_has_no_separators():
    """Folders and run ids sort by time."""
    assert compact(datetime(2018, 1, 2, 3, 4, 5)) == "20180102T030405"


def test_the_demo_night_has_the_cutoffs_of_its_protocol():
    """As of 2018-01-01 the evaluated window starts on 2017-12-04, training four weeks apart."""
    found = choose_cutoffs(AS_OF, datetime(2017, 1, 1), NightSettings())
    assert found == Cutoffs(
        training=(datetime(2017, 11, 6), datetime(2017, 10, 9)),
        evaluation=datetime(2017, 12, 4),
        night=AS_OF,
        horizon=timedelta(days=28),
    )
    assert found.refit == (datetime(2017, 12, 4), datetime(2017, 11, 6))


@given(
    st.datetimes(datetime(2015, 1, 1), datetime(2030, 1, 1)),
    st.integers(1, 60),
    st.integers(1, 6),
)
@settings(max_examples=200, deadline=None)
def test_no_label_reaches_into_what_is_evaluated(as_of, days, training_cutoffs):
    """All cutoffs are Mondays at 00:00, windows do not overlap and end before what follows."""
    night = NightSettings(horizon=timedelta(days=days), training_cutoffs=training_cutoffs)
    found = choose_cutoffs(as_of, datetime(2000, 1, 1), night)
    assert len(found.training) == training_cutoffs
    assert found.evaluation + found.horizon <= as_of < found.evaluation + found.horizon + WEEK
    later = (found.evaluation, *found.training)
    for cutoff, after in zip(found.training, later, strict=False):
        assert cutoff + found.horizon <= after
    assert all(moment == last_grid_moment(moment) for moment in later)
    assert {(m.weekday(), m.hour, m.minute, m.microsecond) for m in later} == {(0, 0, 0, 0)}


def test_consecutive_nights_share_their_cutoffs():
    """Tuesday's night has the cutoffs of Monday's, so that their snapshots serve both."""
    first = datetime(2017, 1, 1)
    one, other = (
        choose_cutoffs(AS_OF + timedelta(days=n), first, NightSettings()) for n in range(2)
    )
    assert one.labelled == other.labelled


def test_cutoffs_without_history_are_left_out():
    """A training cutoff needs `min_history` of events before it; one is enough to go on."""
    first = datetime(2017, 10, 9)
    found = choose_cutoffs(AS_OF, first, NightSettings())
    assert found.training == (datetime(2017, 11, 6),)
    assert found.refit == (found.evaluation,)
    assert found.all == (AS_OF, datetime(2017, 12, 4), datetime(2017, 11, 6))


def test_too_little_history_is_refused():
    """The error names the first event, the cutoff that it misses, and what to change."""
    with pytest.raises(
        MomentError,
        match=r"events start at 2017-10-09 00:01, but .* is 2017-11-06 and needs 28 days of "
        r"events before it; bring older events, or lower \[night\] horizon or min_history",
    ):
        choose_cutoffs(AS_OF, datetime(2017, 10, 9, 0, 1), NightSettings())


def test_a_daily_grid_lets_a_night_learn_of_yesterday():
    """Nights a day apart with labels of a day: yesterday is evaluated and refitted on, the days
    before it train; consecutive nights share all cutoffs but one."""
    night = NightSettings(horizon=timedelta(days=1), grid=timedelta(days=1), training_cutoffs=2)
    found = choose_cutoffs(AS_OF, datetime(2017, 1, 1), night)
    assert found.labelled == tuple(AS_OF - timedelta(days=n) for n in (1, 2, 3))
    tomorrow = choose_cutoffs(AS_OF + timedelta(days=1), datetime(2017, 1, 1), night)
    assert tomorrow.training == found.labelled[:2]
    assert tomorrow.refit == (AS_OF, AS_OF - timedelta(days=1))
