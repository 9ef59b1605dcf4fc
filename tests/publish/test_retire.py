"""Versions that go: after their time, by name, and never the live one."""

import os
import socket
from datetime import UTC, datetime, timedelta

import pytest

from pipelines.publish import PublishError, PublishSettings, retire_version
from store.pointer import read_active
from store.versions import activate, change_version, read_version, roll_back
from tests.publish.in_store import FOUR, ONE, SETTINGS, THREE, TWO, dump, states

ONE_MINUTE = timedelta(minutes=1)


def test_a_version_takes_its_explanations_along(client, publish, lists):
    """Retiring leaves none of them behind."""
    publish(lists(1, explained=3))
    publish(lists(2))
    retire_version(client, "demo", ONE, PublishSettings(retire_after_s=0))
    assert list(client.scan_iter(f"ns:demo:v:{ONE}:*")) == []


def test_old_versions_retire_after_their_time(client, publish, lists):
    """K versions stay; one beyond them goes only when it has not been live for long enough."""
    patient = PublishSettings(keep_versions=2, retire_after_s=60)
    for day in (1, 2, 3):
        publish(lists(day), patient)
    assert list(states(client)) == [ONE, TWO, THREE]
    publish(lists(3), PublishSettings(keep_versions=2, retire_after_s=0))
    assert list(states(client)) == [TWO, THREE]
    assert dump(client, f"ns:demo:v:{ONE}") == {}


def test_a_version_that_is_live_again_is_kept(client, publish, lists):
    """Retiring never takes the live version, however old it is."""
    eager = PublishSettings(keep_versions=1, retire_after_s=0)
    for day in (1, 2):
        publish(lists(day))
    activate(client, "demo", ONE, hold="roll back")
    publish(lists(3), eager)
    assert read_version(client, "demo", ONE).state == "ready"
    assert read_active(client, "demo").version == ONE


def test_an_operator_may_retire_by_name(client, publish, lists):
    """The live version, a fresh one and an unknown one are refused, each with the reason."""
    for day in (1, 2):
        publish(lists(day))
    with pytest.raises(PublishError, match="is live; activate another one first"):
        retire_version(client, "demo", TWO, SETTINGS)
    with pytest.raises(PublishError, match=r"stopped being live 0 s ago; .* in 60 s"):
        retire_version(client, "demo", ONE, SETTINGS)
    with pytest.raises(PublishError, match=f"no version {THREE}"):
        retire_version(client, "demo", THREE, SETTINGS)
    retire_version(client, "demo", ONE, PublishSettings(retire_after_s=0))
    assert (states(client), dump(client, f"ns:demo:v:{ONE}")) == ({TWO: "ready"}, {})


def test_the_wait_counts_from_when_a_version_stopped_being_live(client, publish, lists):
    """A minute after the flip one call is enough; what was never live need not wait at all."""
    for day in (1, 2):
        publish(lists(day))
    publish(lists(3), activate=False)
    left = datetime.fromisoformat(read_version(client, "demo", ONE).deactivated_at)
    assert timedelta(0) <= datetime.now(UTC) - left < timedelta(seconds=30)
    change_version(client, "demo", ONE, deactivated_at=(left - ONE_MINUTE).isoformat())
    retire_version(client, "demo", ONE, SETTINGS)
    retire_version(client, "demo", THREE, SETTINGS)
    assert states(client) == {TWO: "ready"}


def test_a_wait_whose_beginning_was_lost_begins_again(client, publish, lists):
    """Who flipped away was killed before noting it: the message claims nothing, and it waits."""
    for day in (1, 2):
        publish(lists(day))
    change_version(client, "demo", ONE, deactivated_at=None)
    with pytest.raises(PublishError, match=r"was live, until when is lost; .* in 60 s"):
        retire_version(client, "demo", ONE, SETTINGS)
    with pytest.raises(PublishError, match=r"stopped being live 0 s ago; .* in 60 s"):
        retire_version(client, "demo", ONE, SETTINGS)


def test_nothing_is_retired_by_name_during_a_publish(client, publish, lists):
    """A night cannot flip to a version that is being deleted: retiring waits for its lock."""
    for day in (1, 2):
        publish(lists(day))
    holder = f"{socket.gethostname()} {os.getpid()} abc"
    client.set("ns:demo:publisher", holder, px=60_000)
    with pytest.raises(PublishError, match=f"held by process {os.getpid()} on"):
        retire_version(client, "demo", ONE, PublishSettings(retire_after_s=0))
    assert states(client) == {ONE: "ready", TWO: "ready"}
    client.delete("ns:demo:publisher")
    retire_version(client, "demo", ONE, PublishSettings(retire_after_s=0))
    assert (states(client), client.exists("ns:demo:publisher")) == ({TWO: "ready"}, 0)


def test_lists_that_were_only_loaded_do_not_push_out_what_was_live(client, publish, lists):
    """After nights that were refused or held, roll back still goes to the version before."""
    eager = PublishSettings(keep_versions=3, retire_after_s=0)
    for day in (1, 2):
        publish(lists(day), eager)
    for day in (3, 4):
        publish(lists(day), eager, activate=False)
    assert list(states(client)) == [ONE, TWO, FOUR]
    assert roll_back(client, "demo", reason="wrong prices").version == ONE
