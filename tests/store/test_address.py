"""URLs of the three kinds of stores, and settings that do not go together."""

import pytest

from settings import Settings, SettingsError
from store.address import parse_address
from store.connection import StoreSettings


@pytest.mark.parametrize(
    ("url", "kind", "nodes", "service", "options"),
    [
        ("redis://h", "server", (("h", 6379),), "", {}),
        ("valkey://u:p%3A@[::1]:7/2", "server", (("::1", 7),), "", {"db": 2}),
        ("unix:///s.sock?db=1", "server", (), "", {"path": "/s.sock", "db": 1}),
        (
            "redis+sentinel://:p@a,b:1/my%20shelf/3?max_connections=9",
            "sentinel",
            (("a", 26379), ("b", 1)),
            "my shelf",
            {"db": 3, "max_connections": 9},
        ),
        ("valkey+sentinel://a/shelf", "sentinel", (("a", 26379),), "shelf", {}),
        ("redis+cluster://a:1,[::2]", "cluster", (("a", 1), ("::2", 6379)), "", {}),
        ("redis+cluster://a/0", "cluster", (("a", 6379),), "", {"db": 0}),
    ],
)
def test_addresses_are_read(url, kind, nodes, service, options):
    """Hosts, ports, service and options are what the URL says; defaults fill the gaps."""
    address = parse_address(url)
    shown = {
        name: value
        for name, value in address.options.items()
        if name not in ("username", "password", "connection_class")
    }
    assert (address.kind, address.nodes, address.service, shown) == (kind, nodes, service, options)
    assert not address.is_encrypted


def test_an_s_asks_for_encryption():
    """All kinds have an encrypted form; none shows its password when printed."""
    for scheme in ("rediss", "valkeys", "rediss+sentinel", "valkeys+cluster"):
        address = parse_address(f"{scheme}://u:secret@h/{'x' if 'sentinel' in scheme else ''}")
        assert address.is_encrypted
        assert "secret" in address.options.values()
        assert "secret" not in repr(address)


@pytest.mark.parametrize(
    "url",
    [
        "redis://a,b/0",
        "redis+sentinel://:secret@a",
        "redis+sentinel://:secret@a/shelf/x",
        "redis+sentinel://:secret@a:x/shelf",
        "redis+cluster://:secret@a/1",
        "redis+cluster://:secret@a?unknown=1",
        "redis+other://:secret@a",
        "rediss+cluster://:secret@a:99999",
    ],
)
def test_what_cannot_be_read_is_refused(url):
    """No service, a database of a cluster, many hosts of a server: said without the password."""
    settings = Settings("n.toml", {"store": {"url": url}}, {})
    with pytest.raises(SettingsError, match=r"store\.url = ") as said:
        settings.read(StoreSettings)
    assert "secret" not in str(said.value)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"replica_url": "redis://r", "url": "redis+cluster://a"}, "of a single server"),
        ({"replica_url": "redis+sentinel://a/s"}, "of a single server"),
        ({"read_from": "replica"}, "a single server has replica_url"),
        ({"username": "shop"}, "username needs password_file"),
        ({"tls_cert_file": "/c"}, "tls_cert_file needs tls_key_file"),
        ({"tls_key_file": "/k"}, "tls_key_file needs tls_cert_file"),
        ({"password_file": "relative"}, "string"),
        ({"url": "redis://:secret@h", "password_file": "/p"}, "names another"),
        ({"replica_url": "redis://u:secret@h", "password_file": "/p"}, "names another"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(table, said):
    """What would be silently ignored is an error that names the key, and no password."""
    with pytest.raises(SettingsError, match=said) as caught:
        Settings("n.toml", {"store": table}, {}).read(StoreSettings)
    assert "secret" not in str(caught.value)
