"""What becomes of events when the log is strong, weak, full, away, or elsewhere."""

import signal

import pytest

from serving.events.intake import Intake
from store.events import FIELD, unpack_event
from store.keys import NamespaceKeys
from tests.serving.events.test_route import CLICK, post
from tests.store_servers import Server, ended

STREAM = NamespaceKeys("demo").events


SYNCED = {"appendonly": "yes", "appendfsync": "always", "no_appendfsync_on_rewrite": "no"}


@pytest.fixture
def other_server(tmp_path):
    """A server of its own for the log."""
    with ended(Server(tmp_path, **SYNCED)) as server:
        yield server


def url(server):
    """Its address."""
    return f"redis://127.0.0.1:{server.port}/0"


@pytest.mark.parametrize(
    ("changed", "durability"),
    [
        ({}, "fsync"),
        ({"appendonly": "no"}, "process"),
        ({"appendfsync": "everysec"}, "process"),
        ({"no-appendfsync-on-rewrite": "yes"}, "process"),
    ],
)
def test_the_answer_says_what_the_log_promises(other_server, open_events_site, changed, durability):
    """Only a server that syncs each append lets us say so; a change is seen within a second."""
    site = open_events_site(event_log={"url": url(other_server)})
    with other_server.client() as client:
        for name, value in changed.items():
            client.config_set(name, value)
        site.intake.poll()
        assert post(site, CLICK)[1]["durability"] == durability
        assert client.xlen(STREAM) == 1


def test_a_server_that_may_not_be_asked_promises_nothing(other_server, open_events_site):
    """An account without CONFIG appends all the same."""
    with other_server.client() as client:
        client.execute_command("ACL", "SETUSER", "web", "on", "nopass", "~*", "+@all", "-config")
    site = open_events_site(event_log={"url": f"redis://web:x@127.0.0.1:{other_server.port}/0"})
    assert post(site, CLICK)[1] == {"accepted": 1, "rejected": [], "durability": "process"}


def test_a_log_of_its_own_leaves_recents_in_the_store(other_server, open_events_site, client):
    """Events go there, what users did last stays where lists are."""
    site = open_events_site(event_log={"url": url(other_server)})
    assert post(site, CLICK)[0] == 202
    with other_server.client() as other:
        assert (other.xlen(STREAM), client.exists(STREAM)) == (1, 0)
    assert client.llen(NamespaceKeys("demo").recent("u1")) == 1


def test_a_full_log_is_503_until_it_is_collected(open_events_site, client, stored):
    """Nothing is trimmed, and nothing goes to the spool."""
    site = open_events_site(event_log={"max_backlog": 3})
    assert post(site, [CLICK] * 3)[0] == 202
    site.intake.poll()
    response = site.http.post("/events", json=CLICK)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "2")
    assert "max_backlog" in response.get_json()["detail"]
    assert (len(stored()), site.intake.spool.size) == (3, 0)
    client.xtrim(STREAM, 0, approximate=False)
    site.intake.poll()
    assert post(site, CLICK)[0] == 202


def test_a_log_that_is_away_is_caught_up_with(other_server, open_events_site):
    """202 with the spool; when the log is back it has each event once, recents too."""
    site = open_events_site(event_log={"url": url(other_server)})
    assert post(site, {**CLICK, "event_id": "before"})[0] == 202
    other_server.send(signal.SIGKILL)
    for n in range(5):
        status, body = post(site, {**CLICK, "event_id": f"e{n}"})
        assert (status, body["durability"]) == (202, "spool")
    site.intake.poll()
    assert site.intake.spooled > 0
    other_server.start()
    site.intake.poll()
    with other_server.client() as client:
        found = [unpack_event(e[FIELD]).event_id for _, e in client.xrange(STREAM, "-", "+")]
    assert found == ["before", *(f"e{n}" for n in range(5))]
    assert (site.intake.spooled, list(site.intake.spool.folder.iterdir())) == (0, [])
    assert post(site, CLICK)[1]["durability"] == "fsync"


def test_neither_log_nor_disk_is_503(other_server, open_events_site):
    """Nothing is acknowledged that nothing keeps."""
    site = open_events_site(event_log={"url": url(other_server)})
    other_server.stop()
    site.intake.spool.folder.parent.mkdir(parents=True, exist_ok=True)
    site.intake.spool.folder.write_text("in the way")
    response = site.http.post("/events", json=CLICK)
    assert (response.status_code, response.mimetype) == (503, "application/problem+json")
    assert response.headers["Retry-After"] == "2"


def test_a_log_that_takes_no_writes_is_not_believed(other_server, open_events_site):
    """Out of memory: answered, but not kept there; kept on disk instead."""
    site = open_events_site(event_log={"url": url(other_server)})
    with other_server.client() as client:
        client.config_set("maxmemory", 1)
        assert post(site, [CLICK, CLICK])[1]["durability"] == "spool"
        client.config_set("maxmemory", 0)
        site.intake.poll()
        assert client.xlen(STREAM) == 2


def test_the_intake_needs_nobody_to_look_first(open_events_site):
    """The first request of a process finds the log by itself."""
    site = open_events_site()
    assert isinstance(site.intake, Intake)
    assert site.intake.state is None
    assert post(site, CLICK)[1]["durability"] == "process"


def test_a_log_that_is_away_from_the_start_is_waited_for_once(other_server, open_events_site):
    """Not by every request: those after the first go to the disk at once."""
    other_server.stop()
    site = open_events_site(event_log={"url": url(other_server)})
    for _ in range(3):
        assert post(site, CLICK)[1]["durability"] == "spool"
    assert site.intake._stream.log.made == 1
