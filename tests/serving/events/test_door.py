"""Who may send events: keys of their role; without keys this computer, and pages that are named."""

import pytest

from serving.access.front_door import OpenDoorError, check_door, keep_door
from serving.access.keys import add_key
from serving.access.settings import keys_file
from serving.events.settings import IntakeSettings
from settings import Settings
from tests.serving.events.test_route import CLICK

SHOP = "https://shop.example"


def ask(site, **headers):
    """The status of a POST as a server on this computer sees it, from loopback if nothing else."""
    environ = {"REMOTE_ADDR": headers.pop("address", "127.0.0.1"), "HTTP_HOST": "127.0.0.1:8000"}
    environ |= {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    return site.http.post("/events", json=CLICK, environ_overrides=environ).status_code


@pytest.mark.parametrize(("role", "status"), [("events", 202), ("admin", 202), ("read", 403)])
def test_a_key_says_what_it_opens(open_events_site, stored, role, status):
    """One that may send events reads nothing, one that reads sends none."""
    site = open_events_site(access={"enabled": True})
    key = add_key(keys_file(site.settings), "k", role).text
    site.http.application.extensions["nightshelf-access"].poll()
    assert ask(site, authorization=f"Bearer {key}") == status
    assert len(stored()) == (status == 202)
    answer = site.http.get("/recs/u1", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == (403 if role == "events" else 200)
    assert ask(site) == 401
    assert site.http.get("/events.js").status_code == 200


@pytest.mark.parametrize(
    ("public", "headers", "status"),
    [
        (False, {}, 202),
        (False, {"origin": SHOP, "sec_fetch_site": "cross-site"}, 202),
        (False, {"origin": "https://evil.example", "sec_fetch_site": "cross-site"}, 403),
        (False, {"sec_fetch_site": "cross-site"}, 403),
        (False, {"address": "192.0.2.7"}, 403),
        (False, {"address": "192.0.2.7", "origin": SHOP}, 403),
        (False, {"origin": SHOP, "host": "evil.example"}, 403),
        (True, {"address": "192.0.2.7"}, 202),
        (True, {"address": "192.0.2.7", "origin": SHOP, "sec_fetch_site": "cross-site"}, 202),
        (True, {"address": "192.0.2.7", "origin": "https://recs.example", "host": "x"}, 403),
        (True, {"address": "192.0.2.7", "origin": "https://recs", "host": "recs"}, 202),
        (True, {"origin": "https://x", "sec_fetch_site": "same-origin"}, 202),
        (True, {"origin": "https://evil.example"}, 403),
        (True, {"origin": "null"}, 403),
    ],
)
def test_without_keys_pages_that_nobody_named_send_nothing(
    open_events_site, public, headers, status
):
    """A browser lets any page send a text; its Origin says whose page it was."""
    site = open_events_site(access={"public": public}, cors={"origins": [SHOP]})
    assert ask(site, **headers) == status


def test_a_page_may_send_json_after_asking(open_events_site):
    """The preflight of a named origin is answered, and the answer may be read."""
    site = open_events_site(cors={"origins": [SHOP]})
    asked = {"Origin": SHOP, "Access-Control-Request-Method": "POST"}
    answer = site.http.options("/v1/events", headers=asked)
    assert answer.headers["Access-Control-Allow-Origin"] == SHOP
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "Content-Type" in answer.headers["Access-Control-Allow-Headers"]


def test_what_time_it_is_may_be_said_on_loopback(open_events_site, stored):
    """With the setting, the header is the service's clock; without, it is not read."""
    said = {"X-Simulated-Time": "2019-05-01T10:00:00Z"}
    for simulated, year in ((True, 2019), (False, 2018)):
        site = open_events_site(intake={"simulated_clock": simulated})
        assert site.http.post("/events", json=CLICK, headers=said).status_code == 202
        received = stored()[-1].received_at / 1e6
        assert int(received // (365.25 * 86_400)) == year - 1970
    site = open_events_site(intake={"simulated_clock": True})
    wrong = site.http.post("/events", json=CLICK, headers={"X-Simulated-Time": "noon"})
    assert (wrong.status_code, "X-Simulated-Time" in wrong.get_json()["detail"]) == (400, True)


def test_a_simulated_clock_is_not_for_strangers(tmp_path):
    """The server does not start where others reach it; one that is up goes on without."""
    tables = {"intake": {"simulated_clock": True}, "access": {"public": True}}
    settings = Settings(tmp_path / "nightshelf.toml", tables, {})
    check_door(settings, ["127.0.0.1:8000"], {})
    for bind in ("0.0.0.0:8000", "192.0.2.7:80"):
        with pytest.raises(OpenDoorError, match="simulated_clock"):
            check_door(settings, ["127.0.0.1:8000", bind], {})
        assert not keep_door(settings, [bind], {}).read(IntakeSettings).simulated_clock
    with pytest.raises(OpenDoorError, match="simulated_clock"):
        check_door(settings, ["127.0.0.1:8000"], {"LISTEN_FDS": "1"})
