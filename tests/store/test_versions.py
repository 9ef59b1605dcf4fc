"""The pointer and the records: compare-and-set, hold, roll back, damage."""

import sys
from dataclasses import replace

import pytest

from store.keys import NamespaceKeys
from store.pointer import Move, Pointer, PointerError, flip, read_active
from store.versions import (
    VersionError,
    VersionRecord,
    activate,
    change_version,
    flip_to,
    hold,
    list_versions,
    read_version,
    release,
    roll_back,
    write_version,
)
from tests.shelf_fixtures import version_id

SPACE = "demo"
ONE, TWO, THREE = version_id(1), version_id(2), version_id(3)


def put(client, version, *, state="ready"):
    """A version as a publisher leaves it, without lists."""
    record = VersionRecord(
        version=version,
        state=state,
        n_buckets=4,
        n_blocks=1,
        surfaces=("home",),
        variants=("default",),
        as_of="2018-01-01T00:00:00",
        created=f"2018-02-01T00:00:0{version[7]}+00:00",
    )
    write_version(client, SPACE, record)
    client.set(NamespaceKeys(SPACE).version(version).manifest, "{}")
    return record


def test_a_flip_is_compare_and_set(client):
    """A flip that expects another generation than the pointer's changes nothing and says why."""
    assert read_active(client, SPACE) == Pointer()
    first = flip(client, SPACE, ONE, expected=0)
    late = flip(client, SPACE, TWO, expected=0)
    assert first == Move(True, "done", Pointer(1, ONE))
    assert late == Move(False, f"the pointer moved to generation 1 ({ONE})", Pointer(1, ONE))
    assert client.get("ns:demo:active") == f"1 {ONE}".encode()


def test_a_hold_stops_flips_until_it_is_released(client):
    """Every hold, release and flip raises generation; a held pointer refuses the night's flip."""
    for version in (ONE, TWO):
        put(client, version)
    flip_to(client, SPACE, ONE, expected=0)
    held = hold(client, SPACE, reason="prices  were\nwrong")
    refused = flip_to(client, SPACE, TWO, expected=2)
    released = release(client, SPACE)
    flipped = flip_to(client, SPACE, TWO, expected=3)
    assert held == Pointer(2, ONE, "prices were wrong")
    assert refused == Move(False, "a hold is set: prices were wrong", held)
    assert (released, flipped.pointer) == (Pointer(3, ONE), Pointer(4, TWO))


def test_roll_back_goes_to_the_version_before_and_holds(client):
    """Rolling back twice goes back two versions, past the hold that the first one set."""
    for generation, version in enumerate((ONE, TWO, THREE)):
        put(client, version)
        flip_to(client, SPACE, version, expected=generation)
    once = roll_back(client, SPACE, reason="bad lists")
    twice = roll_back(client, SPACE, reason="still bad")
    assert (once, twice) == (Pointer(4, TWO, "bad lists"), Pointer(5, ONE, "still bad"))
    with pytest.raises(VersionError, match=f"no version that was live before {ONE} is kept"):
        roll_back(client, SPACE, reason="further")


def test_roll_back_skips_what_was_never_live(client):
    """A version that was only loaded is not gone back to, whenever that was."""
    for version in (TWO, THREE, ONE):  # made in another order than shown
        put(client, version)
    activate(client, SPACE, THREE)
    activate(client, SPACE, ONE)
    assert roll_back(client, SPACE, reason="bad lists").version == THREE
    with pytest.raises(VersionError, match=f"no version that was live before {THREE} is kept"):
        roll_back(client, SPACE, reason="further")


def test_roll_back_skips_what_was_gone_back_from(client):
    """After a roll back and another night, going back again ends where readers were before."""
    for version in (ONE, TWO, THREE):
        put(client, version)
    activate(client, SPACE, ONE)
    activate(client, SPACE, TWO)
    roll_back(client, SPACE, reason="bad lists")
    activate(client, SPACE, THREE)
    assert roll_back(client, SPACE, reason="bad again").version == ONE


def test_roll_back_knows_a_version_whose_publisher_was_killed(client):
    """A flip that nobody lived to note counts all the same."""
    for version in (ONE, TWO, THREE):
        put(client, version)
    activate(client, SPACE, ONE)
    flip(client, SPACE, TWO, expected=1)
    activate(client, SPACE, THREE)
    assert roll_back(client, SPACE, reason="bad lists").version == TWO


@pytest.mark.parametrize("before", [None, "", "look first"])
def test_an_activation_that_steps_back_changes_nothing(client, monkeypatch, before):
    """When the version is being retired meanwhile, pointer and hold are as they were."""
    put(client, TWO)
    if before is not None:
        put(client, ONE)
        activate(client, SPACE, ONE, hold=before or None)
    was = read_active(client, SPACE)
    module = sys.modules["store.versions"]
    really = module.force_flip

    def flip_late(*arguments, **more):
        change_version(client, SPACE, TWO, state="retiring")
        return really(*arguments, **more)

    monkeypatch.setattr(module, "force_flip", flip_late)
    with pytest.raises(VersionError, match="was being retired"):
        activate(client, SPACE, TWO, hold="bad lists")
    now = read_active(client, SPACE)
    assert (now.version, now.hold) == (was.version, was.hold)


def test_an_activation_steps_back_from_what_it_replaced(client, monkeypatch):
    """A hold that somebody sets during an activation outlives its stepping back."""
    for version in (ONE, TWO):
        put(client, version)
    activate(client, SPACE, ONE)
    module = sys.modules["store.versions"]
    really = module.force_flip

    def flip_late(*arguments, **more):
        if read_active(client, SPACE).hold is None:
            hold(client, SPACE, reason="somebody else")
            change_version(client, SPACE, TWO, state="retiring")
        return really(*arguments, **more)

    monkeypatch.setattr(module, "force_flip", flip_late)
    with pytest.raises(VersionError, match="was being retired"):
        activate(client, SPACE, TWO, hold="bad lists")
    assert read_active(client, SPACE) == Pointer(4, ONE, "somebody else")


def test_activating_keeps_a_hold_unless_told_otherwise(client):
    """An operator may switch versions while a hold stays set."""
    for version in (ONE, TWO):
        put(client, version)
    activate(client, SPACE, ONE, hold="look first")
    assert activate(client, SPACE, TWO) == Pointer(2, TWO, "look first")


def test_only_complete_versions_can_be_activated(client):
    """Unknown, loading and emptied versions are refused; the pointer stays."""
    put(client, ONE)
    put(client, TWO, state="loading")
    activate(client, SPACE, ONE)
    with pytest.raises(VersionError, match=f"no version {THREE} .* kept: {ONE}, {TWO}"):
        activate(client, SPACE, THREE)
    with pytest.raises(VersionError, match=f"version {TWO} is loading, not complete"):
        activate(client, SPACE, TWO)
    put(client, THREE)
    client.delete(NamespaceKeys(SPACE).version(THREE).manifest)
    with pytest.raises(VersionError, match="--no-activate` completes it"):
        activate(client, SPACE, THREE)
    assert read_active(client, SPACE) == Pointer(1, ONE)


def test_activation_forgets_when_a_version_was_put_away(client):
    """The clock of retirement starts anew when a version was live again."""
    record = put(client, ONE)
    change_version(client, SPACE, ONE, deactivated_at="2018-02-02T00:00:00+00:00")
    activate(client, SPACE, ONE)
    assert read_version(client, SPACE, ONE) == replace(record, activation=1)


def test_what_is_left_is_noted_by_flips_and_activations(client):
    """Both kinds of move write down when the version before stopped being live."""
    for version in (ONE, TWO):
        put(client, version)
    flip_to(client, SPACE, ONE, expected=0)
    flip_to(client, SPACE, TWO, expected=1)
    first = read_version(client, SPACE, ONE)
    activate(client, SPACE, ONE)
    second = read_version(client, SPACE, TWO)
    assert first.deactivated_at < second.deactivated_at
    assert read_version(client, SPACE, ONE).deactivated_at is None


def test_a_move_that_fails_keeps_the_moment(client):
    """A night that lost the race has not made the version live: its wait goes on."""
    for version in (ONE, TWO):
        put(client, version)
    flip_to(client, SPACE, ONE, expected=0)
    flip_to(client, SPACE, TWO, expected=1)
    before = read_version(client, SPACE, ONE)
    assert not flip_to(client, SPACE, ONE, expected=1).done
    assert read_version(client, SPACE, ONE) == before


def test_records_come_back_oldest_first(client):
    """Listing returns whole records in the order in which they were created."""
    two, one = put(client, TWO), put(client, ONE)
    changed = change_version(client, SPACE, TWO, state="retiring")
    assert list_versions(client, SPACE) == [one, replace(two, state="retiring")]
    assert changed == replace(two, state="retiring")


def test_holding_nothing_is_an_error(client):
    """A hold needs a live version, and a reason that a reader can read."""
    with pytest.raises(PointerError, match="no version is active yet"):
        hold(client, SPACE, reason="x")
    for reason in ("", " \n", "x" * 201, "\x1b[1m"):
        with pytest.raises(PointerError, match="one to 200 printable"):
            hold(client, SPACE, reason=reason)


def test_damage_in_the_store_is_named(client):
    """A pointer or a record that nobody here wrote raises, quoting it."""
    client.set("ns:demo:active", "nonsense")
    client.hset("ns:demo:versions", ONE, "{}")
    with pytest.raises(PointerError, match="the active pointer is b'nonsense'"):
        read_active(client, SPACE)
    with pytest.raises(PointerError, match="the active pointer is b'nonsense'"):
        flip(client, SPACE, ONE, expected=0)
    with pytest.raises(VersionError, match=f"the record of version {ONE} is damaged"):
        list_versions(client, SPACE)
