"""What bodies may cost, and the path to what is wrong in one."""

import json

import pytest

from serving.manners.bodies import MAX_BATCH_BYTES, MAX_PARTS
from tests.serving.problems import refusal

JSON = "application/json"


@pytest.mark.parametrize(
    ("users", "status"),
    [([0] * (MAX_PARTS - 2), 422), ([0] * (MAX_PARTS + 1), 413), (["," * MAX_PARTS], 413)],
)
def test_bodies_of_many_parts_are_refused_unparsed(site, users, status):
    """The limit is on elements, since each costs more than its two bytes."""
    data = json.dumps({"users": users}, separators=(",", ":"))
    found, problem = refusal(site.http.post("/recs", data=data, content_type=JSON))
    assert found == status
    assert ("100000 members and elements" in problem["detail"]) is (status == 413)


@pytest.mark.parametrize("route", ["/recs", "/rank"])
def test_a_batch_may_have_a_megabyte(site, route):
    """Whatever `[limits] max_body` allows for others."""
    for size, status in ((MAX_BATCH_BYTES, 422), (MAX_BATCH_BYTES + 1, 413)):
        frame = len('{"x": ""}')
        data = json.dumps({"x": "y" * (size - frame)})
        assert len(data) == size
        assert refusal(site.http.post(route, data=data, content_type=JSON))[0] == status


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({"a": ["x", {"b": "\ud800"}]}, "a[1].b"),
        ({"\ud800": 1}, "body"),
        ({"n" * 150: ["\ud800"]}, "n" * 100 + "[0]"),
    ],
)
def test_the_path_to_half_a_surrogate_pair_is_told(site, value, where):
    """As a name of members and places, each name shortened."""
    _, problem = refusal(site.http.post("/recs", data=json.dumps(value), content_type=JSON))
    assert problem["parameter"] == where


def test_the_path_to_a_number_beyond_all_doubles_is_told(site):
    """JSON may say it; no float holds it."""
    data = '{"users": ["u1", [1e999]]}'
    _, problem = refusal(site.http.post("/recs", data=data, content_type=JSON))
    assert problem["detail"] == "users[1][0] is a number beyond all doubles."
