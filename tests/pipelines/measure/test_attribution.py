"""Which showing an action is owed to, in cases small enough to see."""

import duckdb
import pytest

from pipelines.collected import open_collected
from pipelines.measure.day import open_outcomes
from pipelines.measure.span import span_of
from tests.pipelines.measure.site import DAY, HOUR, MINUTE, MONDAY, SECOND, Site

NINE = MONDAY + 9 * HOUR


def owed(site, day=MONDAY):
    """(item, place, recommendation id, type, matched by) of each action that is owed to one."""
    site.land()
    landed = open_collected(site.settings)
    with open_outcomes(site.settings, landed, span_of(day.date())) as connection:
        return connection.execute(
            "select shown.item_id, shown.position, shown.recommendation_id, event_type, matched_by "
            "from attributed join shown using (shown_id) order by event_id"
        ).fetchall()


def test_an_action_that_names_its_list_is_owed_to_it(site):
    """Not to a newer list that showed the item as well."""
    first = site.show("u", "ab", NINE)
    site.show("u", "ba", NINE + HOUR)
    site.act("u", "b", NINE + 2 * HOUR, recommendation_id=first)
    assert owed(site) == [("b", 2, first, "click", "list")]


def test_of_two_page_views_of_a_list_the_last_before_the_action_counts(site):
    """The same list shown twice: the click belongs to the page it was made on."""
    first = site.show("u", "ab", NINE)
    site.show("u", "ab", NINE + HOUR, recommendation_id=first, page_view_id="again")
    site.act("u", "a", NINE + 30 * MINUTE, recommendation_id=first)
    site.land()
    landed = open_collected(site.settings)
    with open_outcomes(site.settings, landed, span_of(MONDAY.date())) as connection:
        clicked = connection.execute(
            "select page_view_id from outcomes where n_clicks > 0"
        ).fetchall()
    assert clicked == [("page000000",)]


def test_a_page_that_is_looked_at_again_at_once_takes_no_click_of_the_first(site):
    """Back from a click: what is shown within the slack after it is asked only if nothing was
    before."""
    first = site.show("u", "ab", NINE)
    for back in (20 * SECOND, 40 * SECOND):
        again = {"recommendation_id": first, "page_view_id": f"after {back.seconds} s"}
        site.show("u", "ab", NINE + back, **again)
        site.act("u", "a", NINE + back - 10 * SECOND, recommendation_id=first)
    alone = site.show("v", "ab", NINE)
    site.show("v", "ab", NINE + 5 * SECOND, recommendation_id=alone, page_view_id="second")
    site.act("v", "a", NINE - SECOND, recommendation_id=alone)
    landed = site.land()
    with open_outcomes(site.settings, landed, span_of(MONDAY.date())) as connection:
        clicked = connection.execute(
            "select user_id, page_view_id, n_clicks from outcomes where n_clicks > 0 order by all"
        ).fetchall()
    assert clicked == [("u", "after 20 s", 1), ("u", "page000000", 1), ("v", "page000006", 1)]


def test_an_action_without_a_list_is_owed_to_the_last_showing_before_it(site):
    """Last touch, whatever list it was; what was shown later is not asked."""
    site.show("u", "ab", NINE)
    second = site.show("u", "ca", NINE + HOUR)
    site.show("u", "a", NINE + 3 * HOUR)
    site.act("u", "a", NINE + 2 * HOUR, "purchase")
    assert owed(site) == [("a", 2, second, "purchase", "item")]


def test_an_action_that_names_a_list_nobody_saw_is_owed_to_none(site):
    """A lost impression is no reason to thank another list."""
    site.show("u", "ab", NINE)
    site.act("u", "a", NINE + MINUTE, recommendation_id="lost")
    assert owed(site) == []


def test_others_and_other_items_are_owed_nothing(site):
    """User and item have to be those that were shown."""
    first = site.show("u", "ab", NINE)
    site.act("v", "a", NINE + MINUTE, recommendation_id=first)
    site.act("u", "c", NINE + MINUTE, recommendation_id=first)
    site.act("v", "a", NINE + MINUTE, "purchase")
    assert owed(site) == []


@pytest.mark.parametrize(
    ("kind", "after", "counts"),
    [
        ("purchase", 7 * DAY - SECOND, True),
        ("purchase", 7 * DAY, False),
        ("click", HOUR - SECOND, True),
        ("click", HOUR, False),
        ("click", -SECOND, False),
        ("purchase", 0 * DAY, True),
    ],
)
def test_windows_without_a_list_are_half_open(site, kind, after, counts):
    """[shown, shown + window): seven days, an hour for clicks, and nothing from before."""
    site.show("u", "a", NINE)
    site.act("u", "a", NINE + after, kind)
    assert len(owed(site)) == counts


@pytest.mark.parametrize(
    ("after", "counts"),
    [(7 * DAY - SECOND, True), (7 * DAY, False), (-MINUTE, True), (-MINUTE - SECOND, False)],
)
def test_a_click_that_names_its_list_has_the_long_window_and_some_slack(site, after, counts):
    """A browser may tell of a click before it tells of what was seen."""
    first = site.show("u", "a", NINE)
    site.act("u", "a", NINE + after, recommendation_id=first)
    assert len(owed(site)) == counts


def test_a_purchase_of_next_week_counts_for_the_day_that_showed_the_item(tmp_path):
    """With a longer window in the settings, days are read as far as it reaches."""
    site = Site(tmp_path, '[measure]\nattribution_window = "20d"\n')
    site.show("u", "a", NINE)
    site.act("u", "a", NINE + 15 * DAY, "purchase")
    assert len(owed(site)) == 1


def test_the_queries_name_their_parameters(site):
    """A parameter that is not bound is an error, not a null."""
    site.show("u", "a", NINE)
    site.land()
    landed = open_collected(site.settings)
    with (
        open_outcomes(site.settings, landed, span_of(MONDAY.date())) as connection,
        pytest.raises(duckdb.Error, match="parameter"),
    ):
        connection.execute("select * from shown where shown_at < $begin")
