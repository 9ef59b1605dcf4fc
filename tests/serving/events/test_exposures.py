"""Answers that the server logs as impressions by itself."""

import pytest

from store.events import IMPRESSION, ShownItem


@pytest.fixture
def site(publish, open_events_site):
    """An application that logs what it answers."""
    publish()
    site = open_events_site(intake={"log_exposures": True})
    site.poller.poll()
    return site


@pytest.mark.parametrize("path", ["/recs/u1?n=3&offset=1", "/v1/recs/u1?n=3&offset=1&fields=tier"])
def test_an_answer_is_an_impression(site, stored, path):
    """By the short way and by Flask: the items of the answer, each answer its own page view."""
    answers = [site.http.get(path).get_json() for _ in range(2)]
    assert stored() == []
    site.intake.poll()
    one, other = stored()
    assert one.items == tuple(
        ShownItem(item["item_id"], place, item["tier"])
        for place, item in enumerate(answers[0]["items"], 2)
    )
    assert one.recommendation_id == answers[0]["recommendation_id"].rpartition(".")[2]
    assert (one.event_type, one.user_id, one.version) == (IMPRESSION, "u1", answers[0]["version"])
    assert one.page_view_id.startswith("server-")
    assert one.page_view_id != other.page_view_id
    assert one.event_id != other.event_id


def test_what_was_not_shown_anew_is_not_logged(site, stored):
    """A 304 has no items, and a batch of POST /recs is for no one's page."""
    tag = site.http.get("/recs/u1").headers["ETag"]
    assert site.http.get("/recs/u1", headers={"If-None-Match": tag}).status_code == 304
    assert site.http.post("/recs", json={"users": ["u1", "u2"]}).status_code == 200
    site.intake.poll()
    assert len(stored()) == 1


def test_nothing_is_logged_unless_it_is_asked_for(events_site, stored):
    """By default only browsers say what was seen."""
    assert events_site.http.get("/recs/u1").status_code == 200
    events_site.intake.poll()
    assert stored() == []
