"""Settings that a running gunicorn reads again do not open the door by oversight."""

import http.client
import os
import signal
import socket
import time

import pytest

from serving.access.front_door import addresses, keep_door
from serving.access.settings import AccessSettings
from tests.serving.access.issuer import NAMES
from tests.serving.running import Gunicorn

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what is tested is that strangers are not answered there
ON, OFF = "[access]\nenabled = true\n", "[access]\nenabled = false\n"


def status(gunicorn, key=None):
    """Of a request for a list on a new connection."""
    connection = http.client.HTTPConnection("127.0.0.1", gunicorn.port, timeout=5)
    try:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        connection.request("GET", "/recs/u1", headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_reload_does_not_let_strangers_in(tmp_path, read_key):
    """Switched off on an open address: keys are asked for, and the log says why."""
    url = "redis://127.0.0.1:1/0"
    gunicorn = Gunicorn(tmp_path, url, more=ON, host=EVERYWHERE)
    try:
        gunicorn.wait_for("/health/live", lambda body: True)
        before = gunicorn.log.read_text()
        assert (status(gunicorn), "others reach this address" in before) == (401, False)
        gunicorn.file.write_text(gunicorn.file.read_text().replace(ON, OFF))
        os.kill(gunicorn.process.pid, signal.SIGHUP)
        deadline = time.monotonic() + 30
        while gunicorn.log.read_text().count("others reach this address") < 2:  # both workers
            assert status(gunicorn) == 401
            assert time.monotonic() < deadline
            time.sleep(0.1)
        time.sleep(1)  # the old workers go
        assert [status(gunicorn) for _ in range(8)] == [401] * 8
        # The store is not there, and there is no list yet: 503 is behind the door.
        assert [status(gunicorn, read_key) for _ in range(8)] != [401] * 8
        assert gunicorn.process.poll() is None
    finally:
        gunicorn.stop()


def test_a_slip_in_the_settings_ends_nobody(tmp_path):
    """A reload goes on with the settings of the start, and so does a worker that was killed."""
    gunicorn = Gunicorn(tmp_path, "redis://127.0.0.1:1/0")
    try:
        gunicorn.wait_for("/health/live", lambda body: True)
        gunicorn.file.write_text(gunicorn.file.read_text() + "\n[serving.nonsense]\nx = 1\n[oh")
        os.kill(gunicorn.process.pid, signal.SIGHUP)
        deadline = time.monotonic() + 30
        while gunicorn.log.read_text().count("going on with the settings") < 2:  # both workers
            assert status(gunicorn) == 200
            assert time.monotonic() < deadline
            time.sleep(0.1)
        time.sleep(1)  # the old workers go
        assert [status(gunicorn) for _ in range(8)] == [200] * 8
        assert gunicorn.process.poll() is None
    finally:
        gunicorn.stop()


@pytest.mark.parametrize(
    ("access", "binds", "is_kept"),
    [
        ({}, ["127.0.0.1:80"], True),
        ({}, [f"{EVERYWHERE}:80"], False),
        ({}, [], True),  # a server that is no gunicorn decides itself where it listens
        ({"public": True}, [f"{EVERYWHERE}:80"], True),
        ({"public": True, "enabled": True}, ["127.0.0.1:80"], False),
        ({"enabled": True}, ["127.0.0.1:80"], False),  # no key
        ({"enable": True}, ["127.0.0.1:80"], False),
        ({"enabled": True, "jwt": {"algorithm": "HS256", **NAMES}}, ["127.0.0.1:80"], False),
    ],
)
def test_what_would_be_refused_asks_for_keys(settings_of, access, binds, is_kept):
    """Tokens that cannot be checked count for nothing; the worker starts."""
    settings = settings_of(**access)
    kept = keep_door(settings, binds, {})
    assert (kept is settings) is is_kept
    if not is_kept:
        found = kept.read(AccessSettings)
        assert (found.enabled, found.public, found.jwt) == (True, False, None)


def test_where_sockets_listen(tmp_path):
    """As `[serving] bind` spells it."""
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("::1", 0), family=socket.AF_INET6) as six,
        socket.socket(socket.AF_UNIX) as path,
    ):
        path.bind(str(tmp_path / "s"))
        found = addresses([one, six, path])
    assert [name.rpartition(":")[0] for name in found] == ["[127.0.0.1]", "[::1]", "unix"]
