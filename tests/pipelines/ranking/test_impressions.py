"""What was shown is read as of its window, by page view, with what was taken where."""

from dataclasses import replace
from datetime import timedelta

import numpy as np

from pipelines.index import load_index
from pipelines.inputs import run_cutoffs
from pipelines.ranking.impressions import load_shown
from tests.pipelines.ranking.shown_fixtures import LATER, Showing, with_showings

HOUR = timedelta(hours=1)
EVENTS = {"weights": {"dismiss": 0.0, "like": 0.7}}
ITEMS = ("i003", "i001", "i002")


def read(run, tmp_path, showings, surface="home"):
    """Rows (user, item, position, taken, page view) of the newest labelled window."""
    copied = with_showings(run, tmp_path, showings)
    index = load_index(copied)
    shown = load_shown(copied, index, surface, run_cutoffs(run).evaluation)
    if shown is None:
        return None
    assert (np.diff(shown.users) >= 0).all()
    names = zip(
        index.user_ids[shown.users],
        index.item_ids[shown.items],
        shown.positions.tolist(),
        shown.is_taken.tolist(),
        shown.page_views.tolist(),
        strict=True,
    )
    return list(names)


def test_a_click_belongs_to_the_last_showing_before_it(finished_night, tmp_path):
    """The same answer on two pages: the second was clicked, and the first was not."""
    start = run_cutoffs(finished_night).evaluation
    first = Showing("u001", start + HOUR, ITEMS, page_view="a")
    second = Showing("u001", start + 2 * HOUR, ITEMS, ("i001",), page_view="b")
    assert read(finished_night, tmp_path, [first, second]) == [
        *[("u001", "i001", 2, False, 0), ("u001", "i002", 3, False, 0)],
        *[("u001", "i003", 1, False, 0), ("u001", "i001", 2, True, 1)],
        *[("u001", "i002", 3, False, 1), ("u001", "i003", 1, False, 1)],
    ]


def test_what_scrolls_into_view_later_is_of_the_same_page(finished_night, tmp_path):
    """Two impressions of one page view are one query; an item sent twice is one row."""
    start = run_cutoffs(finished_night).evaluation
    first = Showing("u001", start, ("i003", "i001"), page_view="a")
    rest = Showing("u001", start + LATER, ("i001", "i002"), page_view="a", first=2)
    rows = read(finished_night, tmp_path, [first, rest])
    assert [(item, place, view) for _, item, place, _, view in rows] == [
        *[("i001", 2, 0), ("i002", 3, 0), ("i003", 1, 0)]
    ]


def test_only_what_the_window_saw_is_read(finished_night, tmp_path):
    """Before the cutoff, from its end on, elsewhere, or of nobody known: left out; so is a click
    after the end, and a click of another recommendation."""
    start = run_cutoffs(finished_night).evaluation
    end = start + run_cutoffs(finished_night).horizon
    showings = [
        Showing("u001", start - LATER, ITEMS, page_view="before"),
        Showing("u001", end, ITEMS, page_view="after"),
        Showing("u001", start, ITEMS, page_view="elsewhere", surface="discover"),
        Showing("nobody", start, ITEMS, page_view="nobody"),
        Showing("u002", end - LATER, ("i001",), ("i001",), page_view="late click"),
        Showing("u003", start, ("i001",), page_view="other", recommendation="r1"),
        Showing("u003", start, ("i005",), ("i001",), page_view="z", recommendation="r2"),
    ]
    assert read(finished_night, tmp_path, showings) == [
        *[("u002", "i001", 1, False, 0), ("u003", "i001", 1, False, 1)],
        ("u003", "i005", 1, False, 2),
    ]


def test_a_click_that_the_browser_told_of_first_counts(finished_night, tmp_path):
    """Within a minute before its impression, and only where no showing was before it."""
    start = run_cutoffs(finished_night).evaluation + HOUR
    early, second = -timedelta(seconds=30), timedelta(seconds=1)
    showings = [
        Showing("u001", start, ("i001",), ("i001",), page_view="a", clicked_after=early),
        Showing("u001", start + LATER, ("i001",), page_view="b"),
        Showing("u002", start, ("i001",), page_view="a"),
        Showing("u002", start + LATER, ("i001",), ("i001",), page_view="b", clicked_after=early),
        Showing("u003", start, ("i001",), ("i001",), clicked_after=-LATER - second),
    ]
    rows = read(finished_night, tmp_path, showings)
    assert [taken for *_, taken, _ in rows] == [True, False, True, False, False]


def test_an_event_without_a_weight_is_no_wish(finished_night, tmp_path):
    """Whoever sent an item away has acted on it, and did not take it."""
    start = run_cutoffs(finished_night).evaluation
    run = replace(
        finished_night,
        settings=replace(
            finished_night.settings,
            tables={**finished_night.settings.tables, "events": EVENTS},
        ),
    )
    sent_away = Showing("u001", start, ("i001",), ("i001",), kind="dismiss")
    liked = Showing("u002", start, ("i001",), ("i001",), kind="like")
    copied = replace(with_showings(run, tmp_path, [sent_away, liked]), settings=run.settings)
    shown = load_shown(copied, load_index(copied), "home", start)
    assert shown.is_taken.tolist() == [False, True]


def test_nothing_shown_is_nothing(finished_night, tmp_path):
    """A lake without impressions, and a window without any, have no rows."""
    cutoff = run_cutoffs(finished_night).evaluation
    assert load_shown(finished_night, load_index(finished_night), "home", cutoff) is None
    long_ago = Showing("u001", cutoff - timedelta(days=90), ITEMS)
    assert read(finished_night, tmp_path, [long_ago]) is None
