"""The world of a day: the same for the same seed, with tastes that drift and newcomers."""

import random
from dataclasses import replace

import numpy as np
import pytest

from pipelines.simulate.choice import SimulationError
from pipelines.simulate.visits import plan_visits
from pipelines.simulate.world import NEW


def fields(visit):
    return (visit.person, visit.session_id, visit.pages, visit.clock_ahead, visit.shops)


def test_the_same_seed_is_the_same_day(open_made_world):
    """Visits, their dice and baskets come again; another seed has others."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    first, again, other = (
        open_made_world(s, visits_per_purchase=9) for s in (seed, seed, seed + 1)
    )
    plans = [plan_visits(world) for world in (first, again, other)]
    assert list(map(fields, plans[0])) == list(map(fields, plans[1])) != []
    assert list(map(fields, plans[0])) != list(map(fields, plans[2]))
    pairs = zip(plans[0], plans[1], strict=True)
    for one, two in pairs:
        assert first.basket(one.person, one.dice) == again.basket(two.person, two.dice)


def test_visits_are_of_the_day_and_in_order(open_made_world):
    """Every page is of the world's day, pages follow each other, and visits come by their first."""
    world = open_made_world(4, visits_per_purchase=20, more_pages=0.8)
    visits = plan_visits(world)
    assert len(visits) > 50
    assert [v.pages[0] for v in visits] == sorted(v.pages[0] for v in visits)
    assert all(list(v.pages) == sorted(set(v.pages)) for v in visits)
    assert {page.date() for v in visits for page in v.pages} == {world.day.date()}
    assert len({v.session_id for v in visits}) == len(visits)


def test_tastes_drift_a_little_every_day(open_made_world):
    """A third of the users changes a day; what has changed stays and more comes to it."""
    days = [open_made_world(4, days, drift=0.3).moods for days in (0, 1, 2)]
    changed = [(days[0] != 0).any(axis=1).mean(), (days[1] != days[0]).any(axis=1).mean()]
    assert all(0.1 < share < 0.5 for share in changed), changed
    assert (days[2] != 0).any(axis=1).mean() > changed[0]
    assert not open_made_world(4, 2, drift=0.0).moods.any()


def test_what_changed_on_a_day_stays_when_the_lake_grows(open_made_world):
    """The next day's lake knows a user more, and other purchases: nobody's drift is drawn anew."""
    world = open_made_world(4, 2, drift=0.3, new_users=0.2, new_items=3)
    ids = [*world.past.shop.user_ids, f"{NEW}user"]
    shop = replace(world.past.shop, user_ids=ids)
    past = replace(world.past, shop=shop, items=world.past.items[::-1])
    grown = replace(world, past=past, begun=replace(world.begun, shop=shop))
    np.testing.assert_array_equal(grown.moods[:-1], world.moods)
    likes = [{p.user_id: p.like for p in one.people} for one in (world, grown)]
    assert likes[0] == likes[1]
    assert grown.new_items == world.new_items


def test_newcomers_are_like_others(open_made_world):
    """New users come with habits of a known one, new items are needed as what they are like."""
    world = open_made_world(4, 2, new_users=0.2, new_items=3)
    before = open_made_world(4, 1, new_users=0.2, new_items=3)
    assert list(world.new_items)[:6] == list(before.new_items)
    assert len(world.new_items) == 9
    new = [person for person in world.people if person.user_id.startswith(NEW)]
    known = {person.like: person for person in world.people if person not in new}
    assert len(new) > 10
    item, like = next(iter(world.new_items.items()))
    ids = [item, world.past.shop.item_ids[like], "of nobody"]
    for person in new:
        needs = world.needs(person, ids)
        assert needs[0] == needs[1] > needs[2] == 0
        np.testing.assert_array_equal(needs, world.needs(known[person.like], ids))


def test_a_day_before_the_first_is_refused(open_made_world):
    """Moods cannot drift backwards."""
    with pytest.raises(SimulationError, match="is before 2024-05-06, the first one"):
        open_made_world(4, -1)
