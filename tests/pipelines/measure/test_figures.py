"""Every figure, by hand."""

from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from pipelines.measure.day import MeasureError, measure_days, measures_directory
from pipelines.measure.kept import measured_days
from settings import SettingsError, load_settings
from tests.pipelines.measure.site import DAY, HOUR, MINUTE, MONDAY, SECOND, Site

NINE = MONDAY + 9 * HOUR
ALL = ("(all)", "all", "(all)")


def figures(site, **land):
    """The figures of Monday by (surface, dimension, label)."""
    site.land(**land)
    measure_days(site.settings)
    return measured_days(site.settings)[0].figures


def chosen(row, *names):
    """Some columns of a row."""
    return tuple(row[name] for name in names)


def counts(site):
    """(subject, what) → number, of Monday."""
    rows = measured_days(site.settings)[0].counts
    return {(row["subject"], row["what"]): row["n"] for row in rows}


def test_ctr_counts_items_shown_that_were_clicked_once_each(site):
    """A double click counts once, a second list shown makes more to click."""
    first = site.show("u", "abcd", NINE)
    site.show("v", "ab", NINE)
    site.act("u", "a", NINE + MINUTE, recommendation_id=first)
    site.act("u", "a", NINE + MINUTE, recommendation_id=first)
    site.act("u", "d", NINE + MINUTE, recommendation_id=first)
    row = figures(site)[ALL]
    assert chosen(row, "n_shown", "n_clicked", "n_clicks", "n_users") == (6, 2, 3, 2)
    assert row["ctr"] == pytest.approx(2 / 6)
    assert row["ctr_low"] <= 0.0968 <= 2 / 6 <= 0.7000 <= row["ctr_high"]  # Wilson's, of 2 of 6


def test_acceptance_and_conversion_are_shares_of_users(site):
    """Of four who were shown something two acted, one of them by buying; a view is no acting."""
    for user in "uvwx":
        site.show(user, "ab", NINE)
    site.act("u", "a", NINE + MINUTE, "like")
    site.act("v", "b", NINE + HOUR, "purchase", value="4.20")
    site.act("w", "a", NINE + MINUTE, "view")
    site.act("nobody", "a", NINE + MINUTE, "like")
    row = figures(site)[ALL]
    assert chosen(row, "acceptance", "conversion", "ctr") == (0.5, 0.25, 0.0)
    assert chosen(row, "acceptance_low", "acceptance_high") == pytest.approx(
        (0.1500, 0.8500), abs=1e-4
    )
    assert chosen(row, "conversion_low", "conversion_high") == pytest.approx(
        (0.0456, 0.6994), abs=1e-4
    )


def test_value_is_what_was_paid_for_items_shown(site):
    """Two purchases of one user and an unpaid one of another: per thousand of five shown."""
    site.show("u", "abc", NINE)
    site.show("v", "ab", NINE)
    site.act("u", "a", NINE + HOUR, "purchase", value="1.10")
    site.act("u", "a", NINE + 2 * HOUR, "purchase", value="2.20")
    site.act("v", "z", NINE + HOUR, "purchase", value="99")
    site.act("v", "a", NINE + HOUR, "purchase")
    row = figures(site)[ALL]
    assert chosen(row, "n_purchases", "value") == (3, Decimal("3.3000"))
    assert row["value_per_thousand"] == pytest.approx(660)
    assert row["value_per_thousand_low"] <= 660 <= row["value_per_thousand_high"]


def test_coverage_of_users_and_of_the_catalogue(site):
    """Who saw an item of a list of his own; which items that are for sale anybody saw."""
    site.show("u", "ab", NINE)
    site.show("u", "c", NINE + MINUTE, tier="trending")
    site.show("v", "c", NINE, tier="trending")
    site.stock({"a": {}, "b": {"available": False}, "c": {}, "d": {}, "e": {},
                "later": {"created_at": MONDAY + DAY}})  # fmt: skip
    found = figures(site)
    assert chosen(found[ALL], "coverage", "n_personal_users") == (0.5, 1)
    assert chosen(found[ALL], "n_items", "n_live_items", "n_catalogue") == (3, 2, 4)
    assert found[ALL]["catalogue_coverage"] == 0.5
    trending = found["home", "tier", "trending"]
    assert chosen(trending, "coverage", "n_live_items", "n_catalogue") == (0.0, 1, 4)


def test_without_a_lake_the_catalogue_is_not_known(site):
    """No share of nothing, and items of an unknown age."""
    site.show("u", "ab", NINE)
    found = figures(site)
    assert found[ALL]["catalogue_coverage"] is None
    assert [label for _, kind, label in found if kind == "item_age"] == ["unknown", "unknown"]


def test_new_items_are_those_first_seen_lately(site):
    """By the day of creation, else by the first event; 28 days old is old."""
    old, new = NINE - 28 * DAY, NINE - 28 * DAY + SECOND
    sold = [{"event_id": "1", "user_id": "u", "item_id": "c", "event_type": "view",
             "event_at": old, "received_at": old}]  # fmt: skip
    site.stock({"a": {"created_at": old}, "b": {"created_at": new}, "c": {"created_at": None},
                "d": {"created_at": None}}, sold)  # fmt: skip
    site.show("u", "abcde", NINE)
    found = figures(site)
    shown = {label: row["n_shown"] for (on, kind, label), row in found.items()
             if (on, kind) == ("(all)", "item_age")}  # fmt: skip
    assert shown == {"old": 2, "new": 2, "unknown": 1}


def test_what_was_shown_again_and_what_was_new(site):
    """New to the user, again without being taken, taken before: they add up to all."""
    site.show("u", "abc", NINE - 3 * DAY)
    site.show("u", "a", NINE - 2 * DAY)
    site.show("u", "z", NINE - 40 * DAY)
    site.act("u", "b", NINE - DAY, "purchase")
    site.show("u", "abdz", NINE)
    site.show("v", "a", NINE)
    site.land()
    measure_days(site.settings, MONDAY.date())
    row = measured_days(site.settings)[0].whole
    assert chosen(row, "n_shown", "n_novel", "n_again", "n_before_again") == (5, 3, 1, 2)
    assert chosen(row, "novel_share", "again_share") == (0.6, 0.2)


def test_the_same_item_twice_in_a_day_is_shown_again(site):
    """And what was clicked at the first showing is taken at the second."""
    first = site.show("u", "ab", NINE)
    site.act("u", "a", NINE + MINUTE, recommendation_id=first)
    site.show("u", "ab", NINE + HOUR)
    row = figures(site)[ALL]
    assert chosen(row, "n_novel", "n_again", "n_shown") == (2, 1, 4)


def test_groups_are_of_what_was_shown(site):
    """Surface, tier, version and variant each have rows, on all surfaces and on each."""
    first = site.show("u", "ab", NINE, surface="discover", variant="b", tier="session")
    site.show("u", "ab", NINE, version="v2")
    site.act("u", "a", NINE + MINUTE, recommendation_id=first)
    found = figures(site)
    ctr = {at: row["ctr"] for at, row in found.items()}
    assert (ctr["discover", *ALL[1:]], ctr["home", *ALL[1:]], ctr[ALL]) == (0.5, 0.0, 0.25)
    assert (ctr["discover", "variant", "b"], ctr["home", "variant", "default"]) == (0.5, 0.0)
    assert (ctr["(all)", "version", "v1"], ctr["(all)", "version", "v2"]) == (0.5, 0.0)
    assert ("home", "tier", "session") not in found
    assert list(found) == sorted(found)


def test_places_have_their_own_ctr(site):
    """Of each place how often it was seen and clicked, on all surfaces and on each."""
    first = site.show("u", "ab", NINE)
    site.show("v", "a", NINE, surface="discover")
    site.act("u", "a", NINE + MINUTE, recommendation_id=first)
    figures(site)
    rows = measured_days(site.settings)[0].positions
    assert [chosen(row, "surface", "position", "n_shown", "n_clicked", "ctr") for row in rows] == [
        ("(all)", 1, 2, 1, 0.5),
        ("(all)", 2, 1, 0, 0.0),
        ("discover", 1, 1, 0, 0.0),
        ("home", 1, 1, 1, 1.0),
        ("home", 2, 1, 0, 0.0),
    ]
    assert chosen(rows[0], "ctr_low", "ctr_high") == pytest.approx((0.0945, 0.9055), abs=1e-4)


def test_what_is_left_out_is_counted(tmp_path):
    """Duplicates, page views sent twice, fast clocks, machines, visitors; nothing vanishes."""
    site = Site(tmp_path, "[measure]\nmax_daily_items = 5\n")
    first = site.show("u", "ab", NINE)
    site.impressions += [{**site.impressions[0], "received_at": NINE + HOUR}]
    site.show("u", "ab", NINE + SECOND, recommendation_id=first, page_view_id="page000000")
    site.show("u", "cd", NINE, received_at=NINE - HOUR)
    site.show("robot", "abcdef", NINE)
    site.show("", "abc", NINE)
    site.show("", "def", NINE + HOUR)
    site.act("robot", "a", NINE + MINUTE)
    site.act("u", "a", NINE + MINUTE, recommendation_id=first)
    site.actions += [{**site.actions[-1], "received_at": NINE + HOUR}]
    site.act("u", "b", NINE + MINUTE, received_at=NINE - HOUR)
    site.act("u", "a", NINE + MINUTE, recommendation_id="lost")
    site.act("u", "z", NINE + MINUTE)
    site.act("u", "b", NINE + MINUTE)
    row = figures(site)[ALL]
    assert chosen(row, "n_shown", "n_clicked", "n_users") == (2, 2, 1)
    assert counts(site) == {
        ("items shown", "counted"): 2,
        ("items shown", "duplicate"): 1,
        ("items shown", "same_page_view"): 2,
        ("items shown", "ahead_of_clock"): 2,
        ("items shown", "automated"): 6,
        ("items shown", "visitor"): 6,
        ("actions", "counted"): 4,
        ("actions", "duplicate"): 1,
        ("actions", "ahead_of_clock"): 1,
        ("actions", "automated"): 1,
        ("clicks", "by_list"): 1,
        ("clicks", "by_item"): 1,
        ("clicks", "without_impression"): 1,
        ("clicks", "not_of_a_list"): 1,
    }


def test_measuring_again_gives_the_same_bytes(site):
    """Whatever order and number of files the events came in, duplicates among them."""
    first = site.show("u", "abc", NINE)
    site.show("v", "bcd", NINE + HOUR, tier="trending")
    site.act("u", "b", NINE + MINUTE, recommendation_id=first)
    site.act("v", "b", NINE + DAY, "purchase", value="3")
    day = measures_directory(site.settings) / "day=2026-03-02"

    def content(**land):
        site.land(**land)
        measure_days(site.settings, MONDAY.date())
        return {path.name: path.read_bytes() for path in day.glob("*.parquet")}

    before = content()
    assert content() == before
    site.impressions = [*site.impressions[::-1], {**site.impressions[0], "received_at": NINE + DAY}]
    site.actions.reverse()
    after = content(files=3)
    assert (after["figures.parquet"], after["positions.parquet"]) == (
        before["figures.parquet"],
        before["positions.parquet"],
    )


def test_only_days_whose_events_changed_are_measured_again(site):
    """A late purchase changes the day that it is owed to, and none that it cannot touch."""
    site.show("u", "ab", NINE)
    site.show("u", "ab", NINE + 60 * DAY)
    site.land()
    assert [str(day) for day in measure_days(site.settings)] == ["2026-03-02", "2026-05-01"]
    assert measure_days(site.settings) == []
    site.act("u", "a", NINE + 6 * DAY, "purchase", value="1")
    site.land()
    assert [str(day) for day in measure_days(site.settings)] == ["2026-03-02"]
    assert measured_days(site.settings)[0].whole["conversion"] == 1.0


@pytest.mark.parametrize(("key", "again"), [("target_ctr = 0.5", 0), ('click_window = "2h"', 1)])
def test_settings_that_decide_a_figure_measure_anew(site, key, again):
    """A target is compared with figures and changes none; a window does."""
    site.show("u", "ab", NINE)
    site.land()
    measure_days(site.settings)
    site.settings.path.write_text(f'[project]\nnamespace = "shop"\n[measure]\n{key}\n')
    assert len(measure_days(load_settings(site.settings.path, {}))) == again


def test_days_without_impressions_are_refused(site):
    """The message says when lists were shown."""
    site.show("u", "ab", NINE)
    site.land()
    with pytest.raises(MeasureError, match="from 2026-03-02 to 2026-03-02"):
        measure_days(site.settings, (MONDAY + DAY).date())
    assert measure_days(site.settings, before=MONDAY.date()) == []


def test_purchases_that_only_the_source_knows(tmp_path):
    """`actions = "lake"` adds them, and each event that both know counts once."""
    site = Site(tmp_path, '[measure]\nactions = "lake"\n')
    site.show("u", "ab", NINE)
    site.act("u", "a", NINE + HOUR, "purchase", value="2")
    site.act("u", "b", NINE + HOUR, "purchase", value="3")
    site.stock({"a": {}, "b": {}}, site.actions)
    site.actions.pop()
    assert chosen(figures(site)[ALL], "n_purchases", "value") == (2, Decimal("5.0000"))


def test_orders_that_are_ingested_later_measure_their_day_anew(tmp_path):
    """The landing zone is what it was; the lake has a purchase more."""
    site = Site(tmp_path, '[measure]\nactions = "lake"\n')
    site.show("u", "ab", NINE)
    site.land()
    site.stock({"a": {}, "b": {}})
    assert len(measure_days(site.settings)) == 1
    assert measure_days(site.settings) == []
    site.act("u", "b", NINE + HOUR, "purchase", value="3")
    site.stock({"a": {}, "b": {}}, site.actions)
    assert len(measure_days(site.settings)) == 1
    assert measured_days(site.settings)[0].whole["n_purchases"] == 1


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ('[measure]\naccepted = ["click", "purchas"]\n', "accepted: found purchas; expected"),
        ("[events]\nweights = { listened = 1.0 }\n", "weights: listened"),
    ],
)
def test_accepted_types_have_to_exist(tmp_path, more, message):
    """A typo would count nothing, and say that nobody acts on lists."""
    site = Site(tmp_path, more)
    with pytest.raises(SettingsError, match=message):
        measure_days(site.settings)


def test_accepted_types_by_default_may_be_missing(tmp_path):
    """Own event types without a like are no mistake."""
    site = Site(tmp_path, "[events]\nweights = { click = 0.3, purchase = 1.0 }\n")
    assert measure_days(site.settings) == []


def test_figures_are_parquet_with_decimals(site):
    """Anybody's tools read them; money is no float."""
    site.show("u", "a", NINE)
    figures(site)
    file = measures_directory(site.settings) / "day=2026-03-02" / "figures.parquet"
    types = {field.name: str(field.type) for field in pq.read_schema(file)}
    assert (types["day"], types["value"], types["ctr"]) == (
        "date32[day]",
        "decimal128(18, 4)",
        "double",
    )
