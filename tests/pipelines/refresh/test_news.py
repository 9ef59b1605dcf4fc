"""What users did since the night changes their lists, and nobody else's."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipelines.collect.rows import event_rows
from pipelines.collected import collected_directory, commit_collected, write_collected
from pipelines.index import load_index
from pipelines.refresh.refresh import refresh_active_users
from store.events import FIELD, Event, pack_event
from store.keys import NamespaceKeys
from store.packed import unpack_list
from tests.night_fixtures import SHOP_AS_OF
from tests.pipelines.refresh.shelf import night_of, refreshed_of

NOON = SHOP_AS_OF + timedelta(hours=12)
EPOCH = datetime(1970, 1, 1)


def event(user, item, *, at=NOON - timedelta(hours=1), kind="purchase", event_id=None):
    """A purchase of the morning after the night, received as it happened."""
    moment = (at - EPOCH) // timedelta(microseconds=1)
    name = event_id or f"{user}-{item}-{moment}-{kind}"
    return Event(name, kind, user, moment, moment, item_id=item, value="2.50", session_id="day")


def collect(settings, events):
    """Puts *events*, and no others, into the landing zone."""
    directory = collected_directory(settings)
    rows = write_collected(directory, "events", event_rows(events))
    commit_collected(directory, {"events": rows})


@pytest.fixture
def collected(shop):
    """The landing zone, empty again after the test."""
    yield lambda *events: collect(shop, events)
    collect(shop, [])


@pytest.fixture
def wait(client):
    """Appends events to the log, where nobody collects them."""

    def call(*events):
        for one in events:
            client.xadd(NamespaceKeys("shop").events, {FIELD: pack_event(one)})

    return call


def items_of(run, packed):
    """Ids of a packed list, best first."""
    ids = load_index(run).item_ids
    return [ids[entry.number] for entry in unpack_list(packed).entries()]


def test_what_was_bought_changes_the_lists_of_whom(run, client, collected):
    """Bought this morning: gone where nothing repeats, known as had where it does; others: none."""
    shown = items_of(run, night_of(client, "discover", "u003"))
    collected(event("u003", shown[0]), event("u003", shown[1]))
    done = refresh_active_users(run.settings, as_of=NOON)
    assert (done.users, done.lists, done.left) == (1, 2, 0)
    anew = items_of(run, refreshed_of(client, "discover", "u003").packed)
    assert not {shown[0], shown[1]} & set(anew)
    ids = load_index(run).item_ids
    home = unpack_list(refreshed_of(client, "home", "u003").packed).entries()
    had = {ids[entry.number]: entry.had for entry in home}
    assert had[shown[0]] is True  # the other one has a namesake, which is shown in its place
    assert refreshed_of(client, "home", "u004") is None


def test_somebody_new_gets_lists_by_day(run, client, collected):
    """Nobody heard of the user at night; items like the ones bought this morning come first."""
    collected(*[event("a new one", item) for item in ("i000", "i003", "i006")])
    assert refresh_active_users(run.settings, as_of=NOON).lists == 2
    overlay = refreshed_of(client, "home", "a new one")
    assert overlay.at == (NOON - EPOCH).total_seconds()
    assert len(items_of(run, overlay.packed)) >= 5
    discover = items_of(run, refreshed_of(client, "discover", "a new one").packed)
    assert discover
    assert not {"i000", "i003", "i006"} & set(discover)


def test_the_log_is_read_before_the_collector_comes(run, client, collected, wait):
    """An event that only waits counts at once; one that is in both places counts once."""
    both = event("u003", "i001")
    collected(both)
    wait(both, event("u003", "i002"), event("u005", "i002"), event("u006", "i001", kind="strange"))
    client.xadd(NamespaceKeys("shop").events, {FIELD: b"not an event"})
    done = refresh_active_users(run.settings, as_of=NOON)
    alone = refresh_active_users(run.settings, as_of=NOON, users=["u003"])
    night = refresh_active_users(run.settings, as_of=run.as_of, users=["u003"])
    assert (done.users, alone.events - night.events) == (2, 2)


def test_an_event_that_came_too_late_for_the_night_counts(run, wait):
    """It happened before the night and came in after the run had looked at the lake."""
    late = event("u003", "i001", at=SHOP_AS_OF - timedelta(hours=2))
    received = (datetime.now(UTC) + timedelta(hours=1)).replace(tzinfo=None) - EPOCH
    wait(replace(late, received_at=received // timedelta(microseconds=1)))
    wait(replace(late, event_id="seen by the night", user_id="u004"))
    assert refresh_active_users(run.settings, as_of=NOON).users == 1


def test_an_event_that_waited_while_the_night_looked_at_the_lake_counts(run, wait):
    """Accepted before, and not collected then: the night has not seen it, though it could."""
    waiting = event("u003", "i001", at=SHOP_AS_OF - timedelta(minutes=2))
    received = datetime.fromisoformat(run.manifest["snapshot_at"]) - timedelta(minutes=2) - EPOCH
    wait(replace(waiting, received_at=received // timedelta(microseconds=1)))
    assert refresh_active_users(run.settings, as_of=NOON).users == 1


def test_what_is_not_read_from_the_log_waits_for_the_collector(run, client, wait):
    """With read_stream off only the landing zone counts."""
    settings = run.settings
    tables = {**settings.tables, "refresh": {"read_stream": False}}
    wait(event("u003", "i001"))
    done = refresh_active_users(type(settings)(settings.path, tables, {}), as_of=NOON)
    assert (done.users, done.lists) == (0, 0)
    assert client.exists(NamespaceKeys("shop").version(done.version).overlay_state) == 0


def test_only_who_did_something_since_the_last_refresh_is_refreshed(run, client, wait):
    """The second time those of the overlap and after; with --since others; what came later not."""
    wait(event("u003", "i001", at=NOON - timedelta(hours=3)), event("u004", "i001", at=NOON))
    wait(event("u005", "i001", at=NOON + timedelta(hours=2)))

    def users(**more):
        return refresh_active_users(run.settings, **more).users

    later = NOON + timedelta(hours=3)
    assert users(as_of=NOON) == 1  # u003: what happens at the moment itself is not before it
    assert users(as_of=NOON + timedelta(minutes=30)) == 1  # u004
    assert users(as_of=later) == 2  # u004, of the hour before the last refresh, and u005
    assert users(as_of=later, since=SHOP_AS_OF) == 3
    assert users(as_of=later, since=later) == 0


def test_some_users_alone_leave_the_others_to_the_next(run, wait):
    """--users is no look at everybody: who had news before it still has them."""
    wait(event("u003", "i001", at=NOON - timedelta(hours=6)))
    assert refresh_active_users(run.settings, as_of=NOON, users=["u004"]).users == 1
    assert refresh_active_users(run.settings, as_of=NOON).users == 1  # u003


def with_refresh(settings, **refresh):
    """*settings* with another `[refresh]`."""
    return type(settings)(settings.path, {**settings.tables, "refresh": refresh}, {})


def test_more_than_may_be_done_at_once_are_left_for_the_next(run, client, wait):
    """Who waits longest comes first, and each refresh goes on where the one before stopped."""
    settings = with_refresh(run.settings, max_users=2)
    wait(*[event(f"u{k:03d}", "i001", at=NOON - timedelta(minutes=k)) for k in range(1, 6)])
    seen = []
    for minutes in range(3):
        moment = NOON + timedelta(minutes=minutes)
        done = refresh_active_users(settings, as_of=moment)
        at = (moment - EPOCH).total_seconds()
        overlays = {k: refreshed_of(client, "home", f"u{k:03d}") for k in range(1, 6)}
        new = [k for k, overlay in overlays.items() if overlay and overlay.at == at]
        seen.append((done.users, done.left, new))
    assert seen == [(2, 3, [4, 5]), (2, 1, [2, 3]), (1, 0, [1])]


def test_when_nobody_is_left_late_news_are_looked_for(run, wait):
    """From an hour before the first refresh that left somebody: what came in unseen is found."""
    settings = with_refresh(run.settings, max_users=1)
    wait(event("u001", "i001", at=NOON - timedelta(minutes=50)))
    wait(event("u002", "i001", at=NOON - timedelta(minutes=10)))
    assert refresh_active_users(settings, as_of=NOON).left == 1
    wait(event("u003", "i001", at=NOON - timedelta(minutes=40)))  # the collector was late
    later = NOON + timedelta(minutes=30)
    assert refresh_active_users(settings, as_of=later).left == 0  # u002 has had its turn
    assert refresh_active_users(run.settings, as_of=later).users == 3


def test_users_without_a_list_do_not_keep_others_from_theirs(run, client, wait):
    """Those whose turn it is have nothing that anybody sells: the others are next all the same."""
    settings = with_refresh(run.settings, max_users=1)
    wait(event("a stranger", "no such item", at=NOON - timedelta(minutes=9)))
    wait(event("u003", "i001", at=NOON - timedelta(minutes=5)))
    assert refresh_active_users(settings, as_of=NOON).lists == 0
    assert refresh_active_users(settings, as_of=NOON).lists == 2
    assert refreshed_of(client, "home", "u003") is not None


def test_events_of_items_that_nobody_sells_change_nothing(run, client, wait):
    """A user whose only events are of unknown items has no list to show, by night or by day."""
    wait(event("a stranger", "no such item"))
    done = refresh_active_users(run.settings, as_of=NOON)
    assert (done.users, done.lists) == (1, 0)
    assert refreshed_of(client, "home", "a stranger") is None
