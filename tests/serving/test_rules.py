"""Rules at read time: when they apply, what they change, and settings that cannot be."""

import pytest

from serving.lists.rule_settings import hours_of
from serving.lists.rules import apply_rules, load_rules
from serving.lists.wish import Wish
from serving.settings import ServingSettings
from settings import Settings
from settings.loader import SettingsError

TIERS = ("personal", "trending", "static")


def load(tmp_path, **rules):
    """The rules of a settings file."""
    settings = Settings(tmp_path / "nightshelf.toml", {"serving": {"rules": rules}}, {})
    return load_rules(settings.read(ServingSettings).rules)


def wish(surface="home", **context):
    """A request in a situation."""
    return Wish("u1", surface, 10, frozenset(), frozenset(), context=tuple(sorted(context.items())))


def names(rules, asked):
    """Of the rules that apply."""
    return apply_rules(rules, asked, TIERS)[2]


@pytest.mark.parametrize(
    ("ranges", "hours"),
    [
        (["7"], "7"),
        (["6-8", "20"], "6 7 8 20"),
        (["22-1"], "22 23 0 1"),
        (["0-23"], " ".join(map(str, range(24)))),
        (["05-06"], "5 6"),
    ],
)
def test_hours_are_counted_with_both_ends(ranges, hours):
    """Also over midnight."""
    assert hours_of(ranges) == hours.split()


def test_every_condition_has_to_hold(tmp_path):
    """Of the values of one any; what a request does not say meets no condition."""
    rules = load(
        tmp_path,
        night={"when": {"hour": ["22-5"]}, "exclude_items": ["i1"]},
        here={"when": {"surface": ["home"], "country": ["DE", "AT"]}, "exclude_items": ["i2"]},
        rain={"when": {"context": {"weather": ["rain"]}}, "exclude_items": ["i3"]},
        tv={"when": {"device": ["tv"], "hour": ["20-23"]}, "exclude_items": ["i4"]},
        always={"exclude_items": ["i5"]},
    )
    assert names(rules, wish()) == ("always",)
    assert names(rules, wish(hour="5")) == ("night", "always")
    assert names(rules, wish(hour="6")) == ("always",)
    assert names(rules, wish(country="AT")) == ("here", "always")
    assert names(rules, wish("discover", country="AT")) == ("always",)
    assert names(rules, wish(**{"context.weather": "rain"})) == ("rain", "always")
    assert names(rules, wish(device="tv", hour="22")) == ("night", "tv", "always")
    assert names(rules, wish(device="TV", hour="21")) == ("always",)


def test_effects_add_up(tmp_path):
    """Exclusions together, all `only_categories`, and the tiers of the last."""
    rules = load(
        tmp_path,
        first={"exclude_items": ["i1"], "only_categories": ["a", "b"], "tiers": ["static"]},
        second={
            "exclude_items": ["i2"],
            "exclude_categories": ["c"],
            "only_categories": ["b", "d"],
            "tiers": ["context", "trending"],
        },
        third={"when": {"country": ["DE"]}, "only_categories": ["d"]},
    )
    asked = Wish("u1", "home", 10, frozenset({"i9"}), frozenset({"a"}))
    changed, tiers, applied = apply_rules(rules, asked, TIERS)
    assert (changed.exclude, changed.categories) == (frozenset({"i1", "i2", "i9"}), {"a"})
    assert (changed.exclude_categories, changed.only_categories) == ({"c"}, {"b"})
    assert (tiers, applied) == (("context", "trending"), ("first", "second"))
    nothing, _, _ = apply_rules(rules, wish(country="DE"), TIERS)
    assert nothing.only_categories == frozenset()  # which is not the same as every category
    assert changed.as_key() != asked.as_key()


def test_without_rules_a_request_stays_as_it_is():
    """The very same objects: what most shops have costs nothing."""
    asked = wish(hour="3")
    found = apply_rules((), asked, TIERS)
    assert (found[0] is asked, found[1] is TIERS, found[2]) == (True, True, ())


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"exclude_item": ["i1"]}, r"unknown key serving.rules.odd.exclude_item; did you mean exc"),
        ({"when": {"hours": ["7"]}}, r"unknown key serving.rules.odd.when.hours; did you mean hou"),
        ({"when": {"weather": ["x"]}}, "unknown key serving.rules.odd.when.weather"),
        ({"tiers": ["popular"]}, r"serving.rules.odd.tiers.0 = .popular.: expected one of pers"),
        ({"tiers": []}, r"serving.rules.odd.tiers = \[\]"),
        ({"only_categories": []}, r"serving.rules.odd.only_categories = \[\]"),
        ({}, "serving.rules.odd = .*a rule without effect; give it exclude_items"),
        ({"when": {"country": ["DE"]}}, "a rule without effect"),
        ({"when": {"hour": ["24"]}, "tiers": ["static"]}, 'such as "7", "6-11" or "22-5"'),
        ({"when": {"hour": ["6-"]}, "tiers": ["static"]}, "expected an hour or a range of hours"),
        ({"when": {"hour": [7]}, "tiers": ["static"]}, "serving.rules.odd.when.hour.0 = 7"),
        ({"when": {"country": []}, "tiers": ["static"]}, r"serving.rules.odd.when.country = \[\]"),
        ({"when": {"country": "DE"}, "tiers": ["static"]}, "odd.when.country = .DE."),
        ({"when": {"context": {"A b": ["x"]}}, "tiers": ["static"]}, 'context has the name "A b"'),
    ],
)
def test_a_rule_that_cannot_be_stops_the_start(tmp_path, rule, said):
    """Misspelt keys, values outside of their range and rules without effect are named."""
    with pytest.raises(SettingsError, match=said):
        load(tmp_path, odd=rule)
