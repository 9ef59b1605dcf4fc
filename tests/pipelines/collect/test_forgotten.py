"""Users who are forgotten while a collector is at work, or before the web tier hears of it."""

import pytest

from pipelines.collect import compact, landing
from pipelines.collect.landing import Stored
from pipelines.forgetting.forget import forget_files, forget_user
from store.keys import NamespaceKeys
from store.live import RecentEvent, note_event
from tests.pipelines.collect.shop_log import NOON, click

RECENT = RecentEvent(1514800000.0, "click", "i3")


@pytest.fixture
def recents(client):
    """How many last events of somebody the store has."""
    return lambda user_id: client.llen(NamespaceKeys("demo").recent(user_id))


def test_events_that_came_after_a_tombstone_leave_nothing(shop, client, recents):
    """A web process that had not heard of it: the record is dropped, the last events go too."""
    forget_user(shop.settings, "u1")
    for user in ("u1", "u2"):
        note_event(client, "demo", user, RECENT)
    shop.append(click(1), click(2))
    assert shop.collect() == Stored(records=2, events=1, forgotten=1)
    assert (recents("u1"), recents("u2")) == (0, 1)


def test_events_that_wait_in_the_log_say_whose_last_events_go(shop, client, recents):
    """Nobody but the log knows the id of a user who was never collected."""
    forget_user(shop.settings, "u1")
    note_event(client, "demo", "u1", RECENT)
    shop.append(click(1), click(2))
    assert forget_files(shop.settings).is_done
    assert (recents("u1"), client.xlen(shop.key)) == (0, 1)


def test_a_first_batch_does_not_name_what_forgetting_took_away(shop, monkeypatch):
    """Its files are written, not named yet: the batch is held against the new tombstones."""
    shop.append(click(1), click(2))
    passes = []

    def forget_meanwhile(itself, *_):  # after the files, before the manifest
        if not passes:
            passes.append(forget_user(itself.settings, "u1"))
            forget_files(itself.settings)
        return []

    monkeypatch.setattr(landing.Landing, "_put_aside", forget_meanwhile)
    assert shop.collect() == Stored(records=2, events=1, forgotten=1)
    assert [row["user_id"] for row in shop.events()] == ["u2"]


def test_files_that_forgetting_took_away_are_joined_the_next_time(shop, monkeypatch):
    """Between choosing files and reading them: the collector goes on, others' rows are there."""
    shop.chosen |= {"compact_files": 100}
    for number in range(3):
        shop.append(click(number))
        shop.collect(clock=lambda: NOON)
    fitting, passes = compact._fitting, []

    def forget_meanwhile(entries, compact_rows):
        if not passes:
            passes.append(forget_user(shop.settings, "u1"))
            forget_files(shop.settings)
        return fitting(entries, compact_rows)

    shop.chosen |= {"compact_files": 2}
    monkeypatch.setattr(compact, "_fitting", forget_meanwhile)
    shop.append(click(5))
    assert shop.collect(clock=lambda: NOON) == Stored(records=1, events=1)
    assert sorted(row["user_id"] for row in shop.events()) == ["u0", "u2", "u2"]
