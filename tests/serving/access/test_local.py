"""What administers with access control off: this computer alone, and no page of another origin."""

import pytest

from serving.access.loopback import is_loopback, is_loopback_name
from tests.serving.access.conftest import ACTIVATE
from tests.serving.problems import refusal


def ask(door, address="127.0.0.1", host="127.0.0.1:8000", **headers):
    """A request to activate, from *address* to *host*."""
    environ = {"REMOTE_ADDR": address, "HTTP_HOST": host}
    environ |= {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    return door.http.post(ACTIVATE, environ_overrides=environ)


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"address": "::1", "host": "[::1]:8000"},
        {"address": "::ffff:127.0.0.1", "host": "localhost:8000"},
        {"address": "127.8.9.1", "host": "LOCALHOST"},
        {"origin": "http://127.0.0.1:8000", "sec_fetch_site": "same-origin"},
        {"host": "localhost:8000", "origin": "http://localhost:8000"},
    ],
)
def test_this_computer_may(open_door, request_):
    """A command line without Origin, and the service's own page."""
    assert ask(open_door(), **request_).status_code == 200


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        ({"address": "192.0.2.7"}, "it does not come from this computer"),
        ({"address": "::ffff:192.0.2.7"}, "it does not come from this computer"),
        ({"address": ""}, "it does not come from this computer"),  # a Unix socket: a proxy's
        ({"x_forwarded_for": "127.0.0.1"}, "it came through a proxy"),
        ({"x_forwarded_proto": "http"}, "it came through a proxy"),
        ({"forwarded": "for=127.0.0.1"}, "it came through a proxy"),
        ({"host": "evil.example:8000"}, "its Host is not a name of this computer"),
        ({"host": "127.0.0.1.evil.example"}, "its Host is not a name of this computer"),
        ({"host": "localhost.evil.example"}, "its Host is not a name of this computer"),
        ({"host": "evil@localhost:8000"}, "its Host is not a name of this computer"),
        ({"host": "[::1"}, "its Host is not a name of this computer"),
        ({"host": ""}, "its Host is not a name of this computer"),
        ({"origin": "http://evil.example"}, "a page of another origin sent it"),
        ({"origin": "http://127.0.0.1:9000"}, "a page of another origin sent it"),
        ({"origin": "https://127.0.0.1:8000"}, "a page of another origin sent it"),
        ({"origin": "null"}, "a page of another origin sent it"),
        ({"sec_fetch_site": "cross-site"}, "a page of another origin sent it"),
        ({"sec_fetch_site": "same-site"}, "a page of another origin sent it"),
        ({"sec_fetch_site": "none"}, "a page of another origin sent it"),
    ],
)
def test_nobody_else_may(open_door, request_, why):
    """Others' computers and pages, also behind a proxy here or a name that points here."""
    status, body = refusal(ask(open_door(), **request_))
    assert (status, body["detail"].split(", and ")[1].split(". ")[0]) == (403, why)


def test_a_proxy_that_adds_no_header_is_known_by_its_protocol(open_door):
    """nginx as it comes sends HTTP/1.0 from this computer to the name of its upstream."""
    for protocol, status in (("HTTP/1.0", 403), ("HTTP/1.1", 200)):
        environ = {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "127.0.0.1:8000"}
        environ["SERVER_PROTOCOL"] = protocol
        assert open_door().http.post(ACTIVATE, environ_overrides=environ).status_code == status


def test_reading_is_for_everybody_while_access_control_is_off(open_door):
    """From anywhere, as a demo does."""
    environ = {"REMOTE_ADDR": "192.0.2.7", "HTTP_HOST": "shelf.example"}
    assert open_door().http.get("/recs/u1", environ_overrides=environ).status_code == 200


def test_a_gateway_does_not_make_administrators(open_door):
    """With `public` reads are answered to all, administering still on this computer only."""
    assert refusal(ask(open_door(public=True), address="10.0.0.2"))[0] == 403


def test_with_keys_it_is_the_key_that_counts(open_door, admin_key, read_key):
    """From anywhere with it; from this computer not without: no browser adds it by itself."""
    door = open_door(enabled=True)
    far = {"REMOTE_ADDR": "192.0.2.7", "HTTP_ORIGIN": "https://admin.example"}
    key = {"Authorization": f"Bearer {admin_key}"}
    assert door.http.post(ACTIVATE, headers=key, environ_overrides=far).status_code == 200
    assert refusal(ask(door))[0] == 401


def test_names_and_addresses_of_this_computer():
    """No name that somebody else's server could answer for, and not all addresses at once."""
    names = ("localhost", "127.0.0.1", "127.1.2.3", "::1", "::", "localhost.", "a.localhost", "")
    assert [name for name in names if is_loopback_name(name)] == list(names[:4])
    assert [is_loopback(a) for a in ("127.0.0.1", "::1", "10.0.0.1", "x", "", "localhost")] == [
        *(True, True, False, False, False, False)
    ]
