"""Real gunicorns, killed and cut off: what was acknowledged arrives."""

import os
import signal

import psutil
import pytest

from store.events import FIELD, unpack_event
from store.keys import NamespaceKeys
from tests.serving.running import Gunicorn
from tests.store_servers import Server, ended, wait_until

SYNCED = {"appendonly": "yes", "appendfsync": "always"}
STREAM = NamespaceKeys("demo").events


@pytest.fixture
def log_server(tmp_path):
    """A server of the test's own for the log, which it may freeze and kill."""
    with ended(Server(tmp_path, **SYNCED)) as server:
        yield server


@pytest.fixture
def start(tmp_path, store_settings, log_server):
    """Starts a gunicorn whose log is that server; ended afterwards."""
    started = []

    def call(more=""):
        log = f'[event_log]\nurl = "redis://127.0.0.1:{log_server.port}/0"\n'
        started.append(Gunicorn(tmp_path, store_settings.url, more=log + more))
        started[-1].wait_for("/health/live", lambda body: True)
        return started[-1]

    yield call
    for server in started:
        server.stop()


def click(n):
    """An event that says which it is."""
    return {"event_type": "click", "user_id": f"u{n}", "item_id": "i1", "event_id": f"e{n}"}


def send(gunicorn, *numbers):
    """How well those events are kept."""
    status, body, _ = gunicorn.ask("/events", [click(n) for n in numbers])
    assert (status, body.get("accepted")) == (202, len(numbers)), body
    return body["durability"]


def arrived(server):
    """Ids in the stream, as often as they are there."""
    with server.client() as client:
        return [unpack_event(e[FIELD]).event_id for _, e in client.xrange(STREAM, "-", "+")]


def test_the_spool_of_a_killed_server_is_replayed_by_the_next(start, log_server, tmp_path):
    """kill -9 of all processes, a line torn off; a server started later hands over the rest."""
    gunicorn = start()
    assert send(gunicorn, 0) == "fsync"
    log_server.send(signal.SIGKILL)
    for n in range(1, 30, 3):
        assert send(gunicorn, n, n + 1, n + 2) == "spool"
    master = psutil.Process(gunicorn.process.pid)
    for process in [master, *master.children(recursive=True)]:
        process.send_signal(signal.SIGKILL)
    gunicorn.process.wait(10)
    spools = sorted((tmp_path / "var" / "demo" / "spool").glob("*.spool"))
    assert spools
    with spools[0].open("ab") as file:
        file.write(b'01234567 {"event_id": "never acknow')
    log_server.start()
    start()
    wait_until(lambda: len(arrived(log_server)) >= 31, "all events arrived")
    wait_until(lambda: not list(spools[0].parent.glob("*")), "the spool is empty")
    assert sorted(arrived(log_server)) == sorted(f"e{n}" for n in range(31))


def test_a_killed_worker_leaves_its_spool_to_another(start, log_server):
    """The master goes on; the worker in its place, or beside it, hands over what it left."""
    gunicorn = start()
    log_server.send(signal.SIGKILL)
    sent = []
    for n in range(8):
        assert send(gunicorn, n) == "spool"
        sent.append(f"e{n}")
    for worker in psutil.Process(gunicorn.process.pid).children():
        if "exporter.py" not in " ".join(worker.cmdline()):
            os.kill(worker.pid, signal.SIGKILL)
    log_server.start()
    wait_until(lambda: len(arrived(log_server)) >= len(sent), "all events arrived")
    assert sorted(arrived(log_server)) == sorted(sent)


def test_a_frozen_log_holds_up_nobody_for_long(start, log_server):
    """Events go to disk after a second at most; thawed, it gets each of them."""
    gunicorn = start()
    assert send(gunicorn, 0) == "fsync"
    log_server.send(signal.SIGSTOP)
    try:
        kept = [send(gunicorn, n) for n in range(1, 4)]
    finally:
        log_server.send(signal.SIGCONT)
    assert kept == ["spool"] * 3
    wait_until(lambda: {f"e{n}" for n in range(4)} <= set(arrived(log_server)), "all arrived")
    wait_until(lambda: send(gunicorn, 8) == "fsync", "the log is used again")
