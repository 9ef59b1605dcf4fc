"""Requests to rank that cannot be answered are refused with what was found and expected."""

import json

import pytest

from tests.serving.problems import refusal

LONG = "x" * 500_000


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({}, 422, "items = 'null': expected a list of texts"),
        ({"items": []}, 422, "items = '0 items': expected 1 to 500 item ids"),
        ({"items": ["i"] * 501}, 422, "items = '501 items': expected 1 to 500 item ids"),
        ({"items": "i1"}, 422, "expected a list of texts"),
        ({"items": ["i1", 2]}, 422, "items[1] = '2': expected text"),
        ({"items": [""]}, 422, "items[0] = '0 characters': expected 1 to 128 characters"),
        ({"items": ["x" * 129]}, 422, "items[0] = '129 characters'"),
        ({"items": ["a\0"]}, 422, "without NUL"),
        ({"items": ["i1"], "user_id": 7}, 422, "user_id = '7': expected text, or null"),
        ({"items": ["i1"], "user_id": ""}, 422, "user_id = '0 characters'"),
        ({"items": ["i1"], "session": None}, 422, "session = 'null': expected a list"),
        ({"items": ["i1"], "session": ["i"] * 51}, 422, "expected 0 to 50 item ids"),
        ({"items": ["i1"], "surface": "no"}, 404, "expected one of home, discover"),
        ({"items": ["i1"], "surface": LONG}, 404, "expected one of home, discover"),
        ({"items": ["i1"], "surface": None}, 422, "surface = 'null': expected text"),
        ({"items": ["i1"], "n": 3}, 422, "only user_id, surface, items, session"),
        ({"items": [LONG]}, 422, "500000 characters"),
        (["i1"], 400, "The body is a list; expected a JSON object"),
    ],
)
def test_a_wrong_body_is_a_problem(site, body, status, said):
    """Each is refused with what was found and what is expected, in a few words."""
    response = site.http.post("/rank", json=body)
    code, problem = refusal(response)
    assert code == status
    assert said in problem["detail"]
    assert len(response.data) < 1000


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff\xfe\xff",
        b"[" * 100_000,
        b'{"items": ["\\ud800"]}',
        b'{"items": ["i1"], "surface": "\\ud800"}',
        b'{"items": ["i1"], "user_id": "\\udfff"}',
        b'{"items": [NaN]}',
    ],
)
def test_no_body_is_answered_with_a_bug(site, data):
    """Broken JSON, deep nesting and half surrogates are the client's mistakes."""
    code, _ = refusal(site.http.post("/rank", data=data, content_type="application/json"))
    assert 400 <= code < 500


def test_a_body_may_not_fill_the_memory(site):
    """Beyond a megabyte a body is refused; the largest that can be right is read."""
    assert (
        refusal(site.http.post("/rank", data=b" " * 1_000_001, content_type="application/json"))[0]
        == 413
    )
    ids = [f"{'😀' * 124}{number:04d}" for number in range(500)]
    data = json.dumps({"items": ids}).encode()  # escaped: the longest way to write it
    assert 700_000 < len(data) <= 1_000_000
    response = site.http.post("/rank", data=data, content_type="application/json")
    assert (response.status_code, response.get_json()["without"]) == (200, ids)


def test_the_limit_is_a_setting(publish, open_site, patient):
    """`[serving] max_rank_items`."""
    publish()
    site = open_site(patient, max_rank_items=2)
    site.poller.poll()
    assert site.http.post("/rank", json={"items": ["a", "b"]}).status_code == 200
    assert refusal(site.http.post("/rank", json={"items": ["a", "b", "c"]}))[0] == 422


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_a_wrong_method_is_a_problem(site, method):
    """`/rank` takes a POST."""
    response = getattr(site.http, method)("/rank")
    assert refusal(response)[0] == 405
    assert set(response.headers["Allow"].split(", ")) == {"OPTIONS", "POST"}
