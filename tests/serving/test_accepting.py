"""Connections spread over the workers, and those that ask nothing hold up no reload."""

import http.client
import signal
import time
from contextlib import suppress

import psutil
import pytest

from serving.accepting import SLACK, OpenConnections
from tests.serving.running import Gunicorn


@pytest.fixture
def gunicorn(store_settings, tmp_path):
    """Two workers over a store that has nothing."""
    gunicorn = Gunicorn(tmp_path, store_settings.url)
    gunicorn.wait_for("/recs/u1", lambda body: True)
    yield gunicorn
    gunicorn.stop()


@pytest.fixture
def keep_open(gunicorn):
    """Opens connections that have asked once and stay; closes them afterwards."""
    opened = []

    def call(n):
        new = [http.client.HTTPConnection("127.0.0.1", gunicorn.port, timeout=5) for _ in range(n)]
        for connection in new:
            connection.connect()
        for connection in new:
            connection.request("GET", "/recs/u1")
        for connection in new:
            assert len(connection.getresponse().read()) > 0
        opened.extend(new)
        return new

    yield call
    for connection in opened:
        connection.close()


def connections_of_workers(gunicorn):
    """How many each has, as the kernel sees it; those that came or went meanwhile are left out."""
    found = {}
    for worker in psutil.Process(gunicorn.process.pid).children():
        with suppress(psutil.NoSuchProcess):
            sockets = [s for s in worker.net_connections() if s.laddr.port == gunicorn.port]
            if sockets:
                found[worker.pid] = sum(s.status == psutil.CONN_ESTABLISHED for s in sockets)
    return found


def wait_for_workers(gunicorn, accept):
    """Their pids, once *accept* takes them."""
    deadline = time.monotonic() + 20
    while not accept(found := set(connections_of_workers(gunicorn))):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


def wait_until_both_accept(gunicorn, keep_open):
    """A worker has its socket before it has imported the application."""
    deadline = time.monotonic() + 20
    while len(counts := connections_of_workers(gunicorn)) < 2 or not all(counts.values()):
        assert time.monotonic() < deadline, counts
        keep_open(1)
        time.sleep(0.05)


def test_connections_that_come_at_once_spread_evenly(gunicorn, keep_open):
    """Half of them each, or nearly; far from all even where the machine is busy."""
    wait_until_both_accept(gunicorn, keep_open)
    keep_open(40)
    counts = sorted(connections_of_workers(gunicorn).values())
    assert sum(counts) > 40
    assert counts[0] >= 10


def test_a_stuck_worker_holds_up_nobody_for_long(gunicorn, keep_open):
    """The other one takes them all, and is asked for patience a few times a second at most."""
    stuck, _ = wait_for_workers(gunicorn, lambda pids: len(pids) == 2)
    psutil.Process(stuck).suspend()
    try:
        started = time.monotonic()
        keep_open(20)
        assert time.monotonic() - started < 3
        assert connections_of_workers(gunicorn)[stuck] == 0
    finally:
        psutil.Process(stuck).resume()


def test_a_killed_worker_leaves_its_place(gunicorn, keep_open):
    """Its connections no longer count, and the new one takes its share."""
    keep_open(20)
    before = wait_for_workers(gunicorn, lambda pids: len(pids) == 2)
    killed = min(before)
    psutil.Process(killed).kill()
    wait_for_workers(gunicorn, lambda pids: len(pids) == 2 and killed not in pids)
    wait_until_both_accept(gunicorn, keep_open)
    for _ in range(10):  # a worker that has just begun may be late for the first ones
        keep_open(6)
        time.sleep(0.1)
    counts = sorted(connections_of_workers(gunicorn).values())
    assert counts[0] >= 10


def test_connections_that_ask_nothing_end_with_a_reload(gunicorn, keep_open):
    """The workers of before are gone long before gunicorn's patience of ten seconds."""
    waiting = keep_open(10)
    before = wait_for_workers(gunicorn, lambda pids: len(pids) == 2)
    gunicorn.process.send_signal(signal.SIGHUP)
    started = time.monotonic()
    while any(psutil.pid_exists(pid) for pid in before):
        assert time.monotonic() - started < 8, "the workers of before are still there"
        time.sleep(0.05)
    assert waiting[0].sock.recv(1) == b""


def test_places_are_given_and_taken():
    """One each; none when all are taken; counts of those away do not matter."""
    counts = OpenConnections(4)
    workers = [object() for _ in range(17)]
    places = [counts.give_place(worker) for worker in workers]
    assert places == [*range(16), None]
    counts.start(0)
    counts.opened(0)
    assert not counts.has_most(0)  # the others have not started
    counts.start(1)
    assert not counts.has_most(0)
    for _ in range(SLACK):
        counts.opened(0)
    assert counts.has_most(0)
    counts.stop(1)
    assert not counts.has_most(0)
    counts.take_place(workers[0])
    assert counts.give_place(workers[16]) == 0
