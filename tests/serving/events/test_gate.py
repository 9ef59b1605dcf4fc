"""A flood is refused before its bodies are read, and what comes at its pace is not."""

import threading

import pytest

from serving.events.gate import Allowance
from tests.serving.events.test_route import CLICK, post


class Ticking:
    """A clock of seconds that the test moves."""

    now = 0.0

    def __call__(self):
        return self.now


def test_an_allowance_fills_up_again():
    """A second's worth at once; a batch may take what comes next, whoever is next waits."""
    clock = Ticking()
    allowance = Allowance(10, 1, clock)
    assert [allowance.take(4) for _ in range(3)] == [0, 0, 0]
    assert allowance.take(1) == pytest.approx(0.2)
    clock.now += 0.31
    assert allowance.take(1) == 0
    assert allowance.wait() == 0
    clock.now += 100
    assert [allowance.take(10), allowance.take(1) > 0] == [0, True]


def test_too_many_events_are_told_to_come_again(publish, open_events_site, stored):
    """429 with Retry-After, and recommendations all the while; what was taken is kept."""
    publish()
    site = open_events_site(intake={"max_per_second": 2}, cors={"origins": ["http://shop"]})
    site.poller.poll()
    answers = [site.http.post("/events", json=[CLICK] * 3) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 429, 429]
    refused = site.http.post("/v1/events", data=b"{", headers={"Origin": "http://shop"})
    assert (refused.status_code, refused.mimetype) == (429, "application/problem+json")
    assert refused.get_json()["title"] == "Too Many Requests"
    assert refused.headers["Access-Control-Allow-Origin"] == "http://shop"
    assert int(refused.headers["Retry-After"]) >= 1
    assert [site.http.get("/recs/u1").status_code for _ in range(20)] == [200] * 20
    assert len(stored()) == 3


def test_a_body_of_the_flood_is_not_read(events_site):
    """Whoever is refused is so by the head of the request."""
    events_site.intake.allowance.take(10**9)

    class Unreadable:
        def read(self, size=-1):
            raise AssertionError("the body was read")

    environ = {"wsgi.input": Unreadable(), "CONTENT_LENGTH": "10"}
    assert events_site.http.post("/events", environ_overrides=environ).status_code == 429


def test_only_so_many_requests_are_under_way(events_site):
    """One that does not send its body keeps its place until it does, and no more than that."""
    events_site.intake.allowance.most_in_flight = 1
    started, go_on = threading.Event(), threading.Event()

    class Slow:
        def read(self, size=-1):
            started.set()
            go_on.wait(30)
            return b""

    environ = {"wsgi.input": Slow(), "CONTENT_LENGTH": "10", "wsgi.input_terminated": True}
    client = events_site.http.application.test_client()
    kind = "application/json"
    slow = threading.Thread(
        target=client.post,
        args=("/events",),
        kwargs={"environ_overrides": environ, "content_type": kind},
    )
    slow.start()
    assert started.wait(30)
    assert post(events_site, CLICK)[0] == 429
    go_on.set()
    slow.join()
    assert post(events_site, CLICK)[0] == 202
