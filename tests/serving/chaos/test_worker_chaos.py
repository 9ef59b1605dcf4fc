"""Workers are killed or replaced, versions change, slow clients sit: what others notice of it."""

import time
from http import HTTPStatus

from benchmarks.chaos_runners.clients import HalfSent
from benchmarks.chaos_runners.scenarios import (
    activate_in_turns,
    is_personal,
    kill_workers,
    reload_workers,
)
from store.versions import activate, list_versions


def outcome(load, since):
    """Statuses, and how many got no answer at all."""
    seen = load.seen(since)
    return {one.status for one in seen if one.status}, sum(one.status == 0 for one in seen)


def test_a_killed_worker_takes_only_its_own_requests(stage):
    """Asked once more, everybody is answered; new workers answer from the lists at once."""
    with stage.load() as load:
        started = time.monotonic()
        assert kill_workers(stage.site, 2.0, 0.7) == 3
        assert load.wait_for(is_personal, 50, 20)
        assert outcome(load, started) == ({HTTPStatus.OK}, 0)
        assert {one.tier for one in load.seen(started)} == {"personal"}
        assert 0 < sum(one.retried for one in load.seen(started)) <= 3 * 6


def test_reloading_loses_nothing(stage):
    """SIGHUP replaces every worker; no request is without an answer or has a lesser one."""
    before = set(stage.site.workers())
    with stage.load() as load:
        started = time.monotonic()
        assert reload_workers(stage.site, 3.0, 1.5) == 2
        assert load.wait_for(is_personal, 50, 20)
        assert outcome(load, started) == ({HTTPStatus.OK}, 0)
        assert {one.tier for one in load.seen(started)} == {"personal"}
    assert before.isdisjoint(stage.site.workers())


def test_versions_change_without_a_gap(stage):
    """A version activated every half second: everybody has their own list all the time."""
    with stage.load() as load, stage.store.client() as client:
        versions = [record.version for record in list_versions(client, "demo")]
        assert len(versions) == 2
        started = time.monotonic()
        assert activate_in_turns(lambda n: activate(client, "demo", versions[n % 2]), 2, 0.5) == 4
        assert outcome(load, started) == ({HTTPStatus.OK}, 0)
        assert {one.tier for one in load.seen(started)} == {"personal"}


def test_slow_clients_hold_up_nobody(stage):
    """A hundred requests that never end, and everybody else is answered all the time."""
    with stage.load() as load, HalfSent(stage.site.address, 100):
        started = time.monotonic()
        time.sleep(2)
        assert load.silent(started + 1) == 0
        assert outcome(load, started) == ({HTTPStatus.OK}, 0)
