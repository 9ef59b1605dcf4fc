"""What one process counts, by a test client over a real store."""

import pytest
from prometheus_client import generate_latest

from serving.sight import trips
from store.versions import hold
from tests.serving.sight.scrape import samples_of, total


@pytest.fixture
def count(site):
    """Flushes and reads what the application has counted."""
    trips.notes.clear()  # of tests before this one

    def call():
        seen = site.http.application.extensions["sight"]
        seen.flush()
        return samples_of(generate_latest(seen.metrics.registry).decode())

    return call


def test_requests_are_counted_by_route_template_method_and_status(site, count):
    """Neither ids nor unknown paths nor unknown methods make a series of their own."""
    site.http.get("/recs/u1")
    site.http.get("/recs/someone/else")
    site.http.head("/recs/u1")
    site.http.get("/recs/u1?n=0")
    site.http.get("/nothing/here")
    site.http.get("/nothing/there")
    site.http.open("/recs/u1", method="BREW")
    site.http.post("/recs/u1")
    counted = {
        tuple(dict(labels)[name] for name in ("route", "method", "status")): value
        for (name, labels), value in count().items()
        if name == "nightshelf_requests_total"
    }
    assert counted == {
        ("/recs/<user_id>", "GET", "200"): 2,
        ("/recs/<user_id>", "HEAD", "200"): 1,
        ("/recs/<user_id>", "GET", "422"): 1,
        ("(none)", "GET", "404"): 2,
        ("(none)", "other", "405"): 1,
        ("(none)", "POST", "405"): 1,
    }


def test_answers_are_counted_by_tier_surface_and_kind_of_user(site, count):
    """Personal for a user with a list, trending for a stranger, no user for similar items."""
    site.recs("u1?n=5")
    site.recs("nobody?n=50")
    site.http.get("/items/i1/similar?n=5&surface=discover")
    samples = count()
    answers = {labels: value for (name, labels), value in samples.items()
               if name == "nightshelf_answers_total"}  # fmt: skip
    assert answers == {
        (("surface", "home"), ("tier", "personal"), ("user", "known")): 1,
        (("surface", "home"), ("tier", "trending"), ("user", "unknown")): 1,
        (("surface", "discover"), ("tier", "trending"), ("user", "none")): 1,
    }
    items = {
        surface: [
            total(samples, f"nightshelf_items_{name}_total", surface=surface)
            for name in ("asked", "given")
        ]
        for surface in ("home", "discover")
    }
    assert items == {"home": [55, 45], "discover": [5, 5]}  # there are 40 items


def test_an_unchanged_answer_is_a_304_and_no_answer_by_tier(site, count):
    """What was not looked up anew says nothing of tiers."""
    tag = site.http.get("/recs/u1").headers["ETag"]
    assert site.http.get("/recs/u1", headers={"If-None-Match": tag}).status_code == 304
    samples = count()
    assert total(samples, "nightshelf_requests_total", status="304") == 1
    assert total(samples, "nightshelf_answers_total") == 1


def test_latency_is_a_histogram_by_route(site, count):
    """Every answer is in a bucket of its route, and 0.15 is an edge."""
    for _ in range(3):
        site.recs("u1")
    samples = count()
    assert total(samples, "nightshelf_request_seconds_count", route="/recs/<user_id>") == 3
    assert total(samples, "nightshelf_request_seconds_bucket", le="+Inf") == 3
    assert 0 < total(samples, "nightshelf_request_seconds_sum") < 60
    edges = {dict(labels)["le"] for (name, labels) in samples if name.endswith("seconds_bucket")}
    assert "0.15" in edges


def test_round_trips_and_cold_blocks_are_counted(site, count):
    """One trip a request; a second one for blocks that are not cached yet."""
    site.recs("u1?n=20")
    site.recs("u1?n=20")
    samples = count()
    trips_of = {p: total(samples, "nightshelf_store_trip_seconds_count", purpose=p)
                for p in ("user", "catalogue", "similar", "features")}  # fmt: skip
    assert trips_of["user"] == 2
    assert (trips_of["similar"], trips_of["features"]) == (0, 0)
    assert trips_of["catalogue"] <= 1
    assert total(samples, "nightshelf_store_errors_total") == 0


def test_a_store_that_refuses_is_an_error_of_its_kind(site, client, count):
    """The wrong type where a user's events are: refused, and the rest of the answer stays."""
    client.set("ns:demo:live:recent:u1", "no list")
    assert site.recs("u1")["served_by"] == "personal"
    samples = count()
    assert total(samples, "nightshelf_store_errors_total", purpose="user", kind="refused") == 1


def test_a_store_that_is_gone_opens_the_breaker(open_site, count):
    """Nothing listens there: unreachable, breaker open, lists held from the start."""
    site = open_site("redis://127.0.0.1:1/0")
    site.poller.poll()
    seen = site.http.application.extensions["sight"]
    seen.flush()
    samples = samples_of(generate_latest(seen.metrics.registry).decode())
    assert total(samples, "nightshelf_store_errors_total", purpose="poll", kind="unreachable") == 1
    assert total(samples, "nightshelf_breaker_workers", state="open") == 1
    assert total(samples, "nightshelf_breaker_workers", state="closed") == 0
    assert total(samples, "nightshelf_workers", lists="held") == 1
    assert [name for name, _ in samples if name == "nightshelf_version_generation"] == []


def test_the_live_version_has_age_generation_and_hold(site, client, count):
    """Moments in seconds since 1970, the generation of the pointer, and whether it is held."""
    samples = count()
    assert total(samples, "nightshelf_version_as_of_timestamp_seconds") == 1514764800
    assert total(samples, "nightshelf_version_published_timestamp_seconds") > 1.7e9
    assert total(samples, "nightshelf_version_generation", namespace="demo") == 1
    assert total(samples, "nightshelf_version_hold") == 0
    assert total(samples, "nightshelf_lists_stale_after_seconds") == 36 * 3600
    hold(client, "demo", reason="wait")
    site.poller.poll()
    samples = count()
    assert total(samples, "nightshelf_version_hold") == 1
    assert total(samples, "nightshelf_version_generation") == 2
