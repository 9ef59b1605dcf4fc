"""Requests for features that cannot be answered are refused with what was found and expected."""

import json
import tracemalloc

import pytest

from tests.serving.problems import refusal

JSON = "application/json"


@pytest.fixture
def site(features_site):
    """An application over a version with features."""
    return features_site


@pytest.mark.parametrize(
    ("path", "status", "members"),
    [
        (
            "/features/users/u1",
            404,
            {"parameter": "kind", "found": "users"}
            | {"expected": "one of user, item; did you mean user?", "kinds": ["user", "item"]},
        ),
        (
            "/features/user/u1?features=history.n_day",
            422,
            {"parameter": "features", "found": "history.n_day"}
            | {"expected": "a feature or a table of user; did you mean history.n_days?"},
        ),
        (
            "/features/user/u1?features=price.price",
            422,
            {"expected": "a feature or a table of user"},
        ),
        (f"/features/user/{'x' * 1025}", 422, {"parameter": "id", "found": "1025 characters"}),
    ],
)
def test_a_wrong_address_is_a_problem(site, path, status, members):
    """What was found and what may stand there are named, near misses too."""
    code, body = refusal(site.http.get(path))
    assert (code, body["status"]) == (status, status)
    assert body.items() >= members.items()


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"kind": "usr", "ids": ["u1"]}, 404, "did you mean user?"),
        ({"ids": ["u1"]}, 422, "kind = 'null': expected text, such as user"),
        ({"kind": "user", "ids": []}, 422, "ids = '0 ids': expected 1 to 3 ids"),
        ({"kind": "user", "ids": list("abcd")}, 422, "ids = '4 ids': expected 1 to 3 ids"),
        ({"kind": "user", "ids": "u1"}, 422, "expected a list of texts"),
        ({"kind": "user"}, 422, "ids = 'null': expected a list of texts"),
        ({"kind": "user", "ids": ["u1", 2]}, 422, "ids[1] = '2': expected text"),
        ({"kind": "user", "ids": [""]}, 422, "ids[0] = '0 characters'"),
        ({"kind": "user", "ids": ["u1"], "features": "a"}, 422, "features = '\"a\"': expected a"),
        ({"kind": "user", "ids": ["u1"], "features": ["a"]}, 422, "a feature or a table of user"),
        ({"kind": "user", "ids": ["u1"], "feature": []}, 422, "only kind, ids, features"),
        (["u1"], 400, "The body is a list; expected a JSON object"),
    ],
)
def test_a_wrong_body_is_a_problem(site, open_site, patient, body, status, said):
    """Each is refused with what was found and what is expected; nothing is guessed."""
    assert site.shelf.snapshot  # a version is live
    small = open_site(patient, max_feature_ids=3)
    small.poller.poll()
    code, problem = refusal(small.http.post("/features", json=body))
    assert code == status
    assert said in problem["detail"]


BROKEN = [
    b"",
    b"{",
    b"\xff\xfe\xff",
    b"[" * 100_000,
    b"9" * 5000,
    b'{"kind": "\\ud800", "ids": []}',
    b'{"kind": "user", "ids": ["\\ud800"]}',
    b'{"\\ud800": 1}',
]


@pytest.mark.parametrize("data", BROKEN)
def test_no_body_is_answered_with_a_bug(site, data):
    """Broken JSON, deep nesting, huge numbers and half surrogates are the client's mistakes."""
    code, _ = refusal(site.http.post("/features", data=data, content_type=JSON))
    assert 400 <= code < 500


LONG = "history.n_days" * 200_000


@pytest.mark.parametrize(
    "body",
    [
        {"kind": LONG, "ids": ["u1"]},
        {"kind": "user", "ids": ["u1"], "features": [LONG]},
        {"kind": [LONG], "ids": ["u1"]},
        {LONG: 1},
    ],
)
def test_a_long_mistake_gets_a_short_answer(site, body):
    """Megabytes where a name should be are neither compared with names nor sent back."""
    tracemalloc.start()
    try:
        response = site.http.post("/features", data=json.dumps(body), content_type=JSON)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert response.status_code in (404, 422)
    assert len(response.data) < 1000
    assert most < 10 * len(LONG)


def test_a_body_may_not_fill_the_memory(site):
    """Beyond four megabytes a body is refused before it is read."""
    code, _ = refusal(site.http.post("/features", data=b" " * 4_000_001, content_type=JSON))
    assert code == 413


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_a_wrong_method_is_a_problem(site, method):
    """`/features` alone takes a POST."""
    response = getattr(site.http, method)("/features")
    assert refusal(response)[0] == 405
    assert set(response.headers["Allow"].split(", ")) == {"OPTIONS", "POST"}
