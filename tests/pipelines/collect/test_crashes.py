"""A collector that dies between two steps, is stuck, or meets another one."""

import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.collect.collect import follow
from pipelines.collect.landing import Landing, Stored
from pipelines.collect.lease import CollectorBusyError, collector_lease
from pipelines.collect.stream import StreamSource
from pipelines.collected import open_collected
from store.events import FIELD, GROUP
from tests.pipelines.collect.shop_log import NOON, click, impression

ROOT = Path(__file__).resolve().parents[3]


class KilledError(Exception):
    """Stands for kill -9: nothing that comes after it is done."""


def die(*_args, **_more):
    raise KilledError


@pytest.mark.parametrize(
    ("where", "name", "stored"),
    [
        (Landing, "_commit", 4),
        (Landing, "_put_aside", 4),
        ("pipelines.collect.landing", "commit_collected", 4),
        (StreamSource, "acknowledge", 0),
        (StreamSource, "_trim", 0),
    ],
)
def test_a_crash_at_any_step_loses_and_doubles_nothing(shop, monkeypatch, where, name, stored):
    """What comes next stores what the dead one had not, and removes what it had."""
    shop.append(click(1), click(2), impression(3), click(4))
    shop.append_raw(b"junk")
    target = where if isinstance(where, str) else f"{where.__module__}.{where.__name__}"
    with monkeypatch.context() as patched:
        patched.setattr(f"{target}.{name}", die)
        with pytest.raises(KilledError):
            shop.collect()
    shop.append(click(5))
    again = shop.collect()
    assert again.events + again.impressions == stored + 1
    assert shop.stored_once() == dict.fromkeys(("e1", "e2", "e3", "e4", "e5"), 1)
    quarantined = open_collected(shop.settings).manifest["quarantine"]
    assert sum(entry["rows"] for entry in quarantined) == 1
    assert (shop.pending(), shop.client.xlen(shop.key)) == (0, 0)


def test_nothing_that_another_group_needs_is_trimmed(shop):
    """Entries stay until every group of the stream has acknowledged them."""
    shop.client.xgroup_create(shop.key, "other", id="0-0", mkstream=True)
    shop.append(click(1), click(2), click(3))
    (_, entries), *_ = shop.client.xreadgroup("other", "them", {shop.key: ">"}, count=2)
    shop.collect()
    assert shop.client.xlen(shop.key) == 3
    shop.client.xack(shop.key, "other", *(entry for entry, _ in entries))
    shop.append(click(4))
    shop.collect()
    left = [fields[FIELD] for _, fields in shop.client.xrange(shop.key)]
    assert [b'"e3"' in left[0], b'"e4"' in left[1], len(left)] == [True, True, 2]


def test_what_a_consumer_of_another_name_left_is_collected(shop):
    """Whoever read in our group and died, its entries are claimed."""
    shop.append(click(1), click(2))
    shop.collect()
    shop.append(click(3))
    shop.client.xreadgroup(GROUP, "somebody", {shop.key: ">"})
    shop.append(click(4))
    assert shop.collect() == Stored(records=2, events=2)
    assert shop.pending() == 0


def test_what_a_dead_collector_left_is_claimed_to_the_end(shop):
    """Also where the next one takes fewer at once: new entries come after all of them."""
    shop.append(*(click(n) for n in range(5)))
    dead = StreamSource(shop.settings)
    assert len(dead.read(5)) == 5
    dead.close()
    shop.append(click(5))
    source = StreamSource(shop.settings)
    try:
        for _ in range(4):
            source.acknowledge(source.read(2))
        assert (shop.pending(), source.lag().waiting) == (0, 0)
    finally:
        source.close()


def test_a_store_that_comes_back_empty_is_read_from_its_beginning(shop):
    """The group is made anew within a running source, and earlier events are still known."""
    shop.append(click(1))
    shop.collect()
    source = StreamSource(shop.settings)
    shop.client.delete(shop.key)
    assert (source.lag().waiting, source.read(10)) == (0, [])
    shop.client.delete(shop.key)
    shop.append(click(1), click(2))
    assert len(source.read(10)) == 2
    source.close()
    assert shop.collect() == Stored(records=2, events=1, duplicates=1)


HOLDING = """
import sys
from datetime import timedelta
from pipelines.collect.lease import LeaseLostError, collector_lease
from settings import load_settings
with collector_lease(load_settings(sys.argv[1], {}), timedelta(minutes=1)) as lease:
    print("held", flush=True)
    sys.stdin.readline()
    try:
        with lease.committing():
            print("committed", flush=True)
    except LeaseLostError as error:
        print("lost", flush=True)
"""


@pytest.fixture
def other(shop):
    """Another process that holds the lease and gets nothing done."""
    command = [sys.executable, "-c", HOLDING, str(shop.settings.path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_collector_that_gets_on_is_left_to_it(shop, other):
    """The second says who is collecting; it may when the first is done."""
    shop.append(click(1))
    with pytest.raises(CollectorBusyError, match=rf":{other.pid}:.* is collecting"):
        shop.collect()
    assert other.communicate("\n")[0] == "committed\n"
    assert shop.collect() == Stored(records=1, events=1)


def test_a_killed_collector_is_followed_at_once(shop, other):
    """The kernel lets go of its lock; nobody waits for it to be called stuck."""
    shop.append(click(1))
    other.kill()
    other.wait(10)
    assert shop.collect() == Stored(records=1, events=1)


def test_a_stuck_collector_is_taken_over_and_may_not_commit(shop, other):
    """After `stuck_after` another goes on; what the stuck one wanted to write is refused."""
    shop.chosen |= {"stuck_after": "50ms"}
    shop.append(click(1))
    time.sleep(0.1)
    assert shop.collect() == Stored(records=1, events=1)
    shop.append(click(2))
    assert shop.collect() == Stored(records=1, events=1)
    assert other.communicate("\n")[0] == "lost\n"


def test_whoever_took_over_is_not_taken_for_dead(shop, other):
    """The stuck one ends, and with it the kernel lock: the one that took over gets on still."""
    with collector_lease(shop.settings, timedelta(0)) as lease:
        other.kill()
        other.wait(10)
        with pytest.raises(CollectorBusyError, match="is collecting"):
            shop.collect()
        lease.beat()
    shop.append(click(1))
    assert shop.collect() == Stored(records=1, events=1)


def test_following_collects_until_it_is_told_to_stop(shop):
    """What is appended meanwhile is stored, a refused batch stays, and the lease is given back."""
    shop.chosen |= {"every": "10ms", "min_bad": 0, "max_bad_share": 0.0}
    stop, total = threading.Event(), []
    settings = shop.settings
    thread = threading.Thread(target=lambda: total.append(follow(settings, stop)))
    thread.start()
    try:
        shop.append(click(1))
        _wait_for(lambda: len(shop.events()) == 1)
        shop.append(click(2))
        _wait_for(lambda: len(shop.events()) == 2)
        shop.append_raw(b"junk")
        _wait_for((shop.var / "quarantine" / "collected" / "refused.parquet").exists)
    finally:
        stop.set()
        thread.join(30)
    assert (total, shop.pending()) == ([Stored(records=2, events=2)], 1)
    with collector_lease(shop.settings, timedelta(minutes=1)):
        assert shop.stored_once() == {"e1": 1, "e2": 1}


def test_the_lag_is_what_waits_and_how_old_it_is(shop):
    """Before, half-way and after; entries that were read and not acknowledged still wait."""
    shop.client.xadd(shop.key, {FIELD: b"old"}, id=f"{int(NOON.timestamp() * 1000)}-0")
    shop.append(click(1), click(2))
    source = StreamSource(shop.settings)
    try:
        before = source.lag()
        assert (before.waiting, before.oldest_s > 86_400) == (3, True)
        first = source.read(1)
        assert (source.lag().waiting, source.read(2)) == (3, first)
        source.acknowledge(first)
        assert (source.lag().waiting, source.lag().oldest_s < 600) == (2, True)
        source.acknowledge(source.read(10))
        assert (source.lag().waiting, source.lag().oldest_s) == (0, None)
    finally:
        source.close()


def _wait_for(is_so):
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)
