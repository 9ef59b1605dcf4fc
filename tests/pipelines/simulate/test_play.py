"""Shoppers against the real gunicorn: what arrives is what they did, losses and repeats counted."""

import random
from collections import Counter
from dataclasses import asdict
from datetime import timedelta

import pytest

from demo.loop.parts import CONTROL_VARIABLES
from pipelines.publish import PublishSettings, publish_lists
from pipelines.simulate.choice import SimulationError
from pipelines.simulate.play import group_of, play_day
from pipelines.simulate.summary import CONTROL, LISTS, Tally, click_rate, describe
from store.events import FIELD, IMPRESSION, unpack_event
from store.keys import NamespaceKeys
from tests.serving.running import Gunicorn, any_port

CHANGES = {
    "visits_per_purchase": 12.0,
    "lost": 0.2,
    "repeated": 0.2,
    "doubled": 0.3,
    "wrong_clocks": 0.2,
    "new_users": 0.1,
}
APP = """
[intake]
simulated_clock = true
"""


@pytest.fixture
def apps(finished_night, store_settings, client, tmp_path):
    """The shop's lists in the store; an app that believes what time it is told, and the same app
    as the demo of the loop sets it up for the control group. Their addresses."""
    publish_lists(finished_night.path("lists"), client, "shop", PublishSettings())
    key = {"NIGHTSHELF_RECOMMENDATION_KEY": "5a" * 32}
    tiers = {"NIGHTSHELF__SERVING__TIERS": CONTROL_VARIABLES["NIGHTSHELF__SERVING__TIERS"]}
    started = []
    for name, environ in (("app", key), ("control", key | tiers)):
        (tmp_path / name).mkdir()
        started.append(
            Gunicorn(tmp_path / name, store_settings.url, "shop", more=APP, environ=environ)
        )
    for gunicorn, tier in zip(started, ("personal", "trending"), strict=True):
        gunicorn.wait_for("/recs/u001?n=5", lambda body, tier=tier: body["served_by"] == tier)
    yield tuple(f"http://127.0.0.1:{gunicorn.port}" for gunicorn in started)
    for gunicorn in started:
        gunicorn.stop()


def taken_in(client):
    """All events in the log."""
    rows = client.xrange(NamespaceKeys("shop").events)
    return [unpack_event(row[FIELD]) for _, row in rows]


def test_what_arrives_is_what_shoppers_did(apps, client, open_made_world):
    """The log holds what the summary counts; played again, the day is the same to the letter."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    world = open_made_world(seed, **CHANGES)
    summary = play_day(world, *apps)
    events = taken_in(client)
    print("\n".join(describe(summary, seed)))
    assert len(events) == summary.accepted
    assert min(summary.lost, summary.repeated, summary.doubled, summary.refused) > 0
    assert summary.failed == 0
    different = {event.event_id: event for event in events}
    assert len(events) - len(different) <= summary.repeated
    kinds = Counter(event.event_type for event in different.values())
    clicks = sum(tally.clicks for tally in summary.users.values())
    assert 0 < kinds["click"] <= clicks + summary.doubled
    shown = sum(len(e.items) for e in different.values() if e.event_type == IMPRESSION)
    assert shown == sum(tally.shown for tally in summary.users.values())
    assert {event.surface for event in events if event.event_type != "purchase"} == {"home"}
    assert {group_of(user) for user in summary.users} == {LISTS, CONTROL}
    tiers = {group_of(event.user_id): set() for event in events}
    for event in events:
        tiers[group_of(event.user_id)] |= {item.tier for item in event.items}
    assert "personal" in tiers[LISTS]
    assert tiers[CONTROL] == {"trending"}
    ahead = timedelta(minutes=5).total_seconds() * 1e6  # later ones were refused
    assert all(event.event_at - event.received_at <= ahead for event in events)

    keys = NamespaceKeys("shop")
    client.delete(keys.events, *client.keys("ns:shop:live:*"))
    again = play_day(open_made_world(seed, **CHANGES), *apps)
    assert asdict(again) | {"group_of": 0} == asdict(summary) | {"group_of": 0}
    assert {e.event_id: e for e in taken_in(client)} == different


def test_nobody_at_the_address_is_said(open_made_world):
    """A port where nothing listens, and no address at all."""
    world = open_made_world(1, visits_per_purchase=5)
    with pytest.raises(SimulationError, match=r"does not answer .* simulated_clock = true"):
        play_day(world, f"http://127.0.0.1:{any_port()}")
    with pytest.raises(SimulationError, match="expected http://host:port"):
        play_day(world, "ftp://somewhere")


def test_click_rates_come_with_intervals_over_users():
    """By hand: 30 clicks of 300 items; the interval holds the rate and widens with fewer users."""
    dice = random.Random(3)
    many = [Tally(shown=10, clicks=dice.choice((0, 1, 2))) for _ in range(400)]
    rate, low, high = click_rate(many, 0)
    assert rate == sum(tally.clicks for tally in many) / 4000
    assert low < rate < high
    few = click_rate(many[:40], 0)
    assert few[2] - few[1] > 2 * (high - low)
    assert click_rate([Tally()], 0) == (0, 0, 0)
