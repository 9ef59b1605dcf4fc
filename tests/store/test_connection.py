"""Clients: impatient for requests, clear about what does not answer, silent about passwords."""

import socket
import time

import pytest
import redis

from settings import Settings, SettingsError
from store.connection import (
    StoreSettings,
    StoreUnreachableError,
    connect_publisher,
    connect_reader,
    hide_password,
)


def test_a_reader_gives_up_after_one_timeout():
    """A server that accepts but never answers costs a request one timeout, without retries."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        settings = StoreSettings(url=f"redis://127.0.0.1:{port}/0", timeout_ms=200)
        with connect_reader(settings) as client:
            started = time.perf_counter()
            with pytest.raises(redis.TimeoutError):
                client.get("x")
            assert 0.19 < time.perf_counter() - started < 0.39


def test_a_publisher_says_where_nothing_answers():
    """The error names the address without its password."""
    settings = StoreSettings(url="redis://me:secret@127.0.0.1:1/0")
    with pytest.raises(StoreUnreachableError, match=r"redis://me:\*\*\*@127.0.0.1:1/0") as caught:
        connect_publisher(settings)
    assert "secret" not in str(caught.value)


def test_valkey_addresses_are_understood(store_settings):
    """A valkey:// URL reaches the same server as redis://."""
    url = store_settings.url.replace("redis://", "valkey://")
    with connect_reader(StoreSettings(url=url)) as client:
        assert client.ping() is True


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("redis://:p@h/0 and redis://u:q@h", "redis://:***@h/0 and redis://u:***@h"),
        ("unix:///s.sock?db=0&password=abc", "unix:///s.sock?db=0&password=***"),
        ("redis://h:6379/0", "redis://h:6379/0"),
    ],
)
def test_passwords_are_hidden(text, hidden):
    """Passwords of URLs disappear from messages, everything else stays."""
    assert hide_password(text) == hidden


def test_addresses_of_other_kinds_are_refused(tmp_path):
    """A URL that no client understands is an error of the settings file."""
    settings = Settings(tmp_path / "n.toml", {"store": {"url": "http://h"}}, {})
    with pytest.raises(SettingsError, match=r"store\.url"):
        settings.read(StoreSettings)


@pytest.mark.parametrize(
    "url",
    [
        "redis://h:abc/0",
        "redis://h:99999/0",
        "redis://[::1/0",
        "redis://h/0?db=a",
        "redis://h/0?unknown=1",
        "redis://:secret/secret@h:6379/0",
        "valkey://h:abc?password=secret",
    ],
)
def test_addresses_that_cannot_be_read_are_refused(tmp_path, url):
    """A port, database or option that is none is said at the settings, without a password."""
    settings = Settings(tmp_path / "n.toml", {"store": {"url": url}}, {})
    with pytest.raises(
        SettingsError, match=r"store\.url = .*expected redis://host:port/da"
    ) as said:
        settings.read(StoreSettings)
    assert "secret" not in str(said.value)
