"""What may be asked of `/recs/<user>` beside how many: pages, scores, members, what was seen."""

import gzip
import json

import pytest

from store.keys import NamespaceKeys, bucket_of
from store.packed import HAD, NO_ITEM, pack_list
from tests.shelf_fixtures import user_list, user_row, version_id

KEYS = NamespaceKeys("demo").version(version_id(1))


def ids(answer):
    """Item ids of *answer* in order."""
    return [item["item_id"] for item in answer["items"]]


@pytest.fixture
def had_list(site, client):
    """Gives user u1 a list of the items 10, 11 …; of those in *had* it is known."""

    def give(surface, had, n=10):
        numbers = list(range(10, 10 + n))
        data = pack_list(
            0.0,
            1.0,
            b"".join(number.to_bytes(4, "little") for number in numbers),
            b"".join((65535 - 1000 * place).to_bytes(2, "little") for place in range(n)),
            bytes(n),
            bytes(1 | (HAD if number in had else 0) for number in numbers),
            NO_ITEM.to_bytes(4, "little") * n,
        )
        bucket = bucket_of("u1", 4)
        client.hset(KEYS.lists(surface, "default", bucket), "u1", data)
        client.hset(KEYS.users(bucket), "u1", user_row(1, had=had))

    return give


def test_pages_join_without_a_seam(site):
    """Pages of seven are the whole answer cut, ranks counted through, tiers crossed."""
    whole = site.recs("u1?n=35")["items"]
    pages = [site.recs(f"u1?n=7&offset={start}")["items"] for start in range(0, 35, 7)]
    assert [item for page in pages for item in page] == whole
    assert {item["tier"] for item in whole} == {"personal", "segment", "trending"}
    assert site.recs("u1?offset=1000")["items"] == []


def test_a_lowest_score_holds_for_every_item(site):
    """No item below it is shown, of whatever tier; the user's own above it stay in their order."""
    own = [item for item in site.recs("u1?n=20")["items"] if item["score"] >= 0.5]
    answer = site.recs("u1?n=40&min_score=0.5")
    assert {item["tier"] for item in own} == {"personal"}
    assert 0 < len(own) < 20
    assert answer["items"][: len(own)] == own
    assert len(own) < len(answer["items"])
    assert min(item["score"] for item in answer["items"]) >= 0.5


def test_only_the_members_asked_for(site):
    """The id is always there, the others in their order; the rest of the answer stays."""
    answer = site.recs("u1?n=2&fields=title,score&fields=rank")
    assert [list(item) for item in answer["items"]] == [["rank", "item_id", "score", "title"]] * 2
    whole = site.recs("u1?n=2")
    assert answer.keys() == whole.keys()
    assert answer["recommendation_id"] == whole["recommendation_id"]
    with_reasons = site.recs("u1?n=1&explain=1&fields=explanation")
    assert [list(item) for item in with_reasons["items"]] == [["item_id", "explanation"]]


@pytest.mark.parametrize(
    ("surface", "asked", "is_shown"),
    [
        ("home", "", True),
        ("home", "&seen=keep", True),
        ("home", "&seen=drop", False),
        ("discover", "", False),
        ("discover", "&seen=keep", True),
    ],
)
def test_what_was_seen_is_kept_or_dropped(site, had_list, surface, asked, is_shown):
    """As the request says, else as the surface does; in the user's own list and in shared ones."""
    had_list(surface, had=[12, 3], n=5)
    found = ids(site.recs(f"u1?n=40&surface={surface}{asked}"))
    assert ("i12" in found, "i3" in found) == (is_shown, is_shown)
    assert {"i10", "i11", "i13", "i14", "i0"} <= set(found)


def test_dropping_what_was_seen_reads_on(site, had_list):
    """With most of a list seen, the rest of it comes before any other tier."""
    had_list("home", had=range(10, 25), n=20)
    answer = site.recs("u1?n=5&seen=drop")
    assert [(item["tier"], item["item_id"]) for item in answer["items"]] == [
        ("personal", f"i{number}") for number in range(25, 30)
    ]


@pytest.mark.parametrize(
    ("query", "parameter", "expected"),
    [
        ("offset=-1", "offset", "a whole number from 0 to 1000"),
        ("offset=1001", "offset", "a whole number from 0 to 1000"),
        ("min_score=2", "min_score", "a number from 0 to 1, such as 0.25"),
        ("min_score=nan", "min_score", "a number from 0 to 1, such as 0.25"),
        ("seen=maybe", "seen", "keep or drop"),
        ("fields=titel", "fields", "some of rank, item_id"),
        ("hour=24", "hour", "a whole number from 0 to 23"),
        ("device=", "device", "1 to 64 printable characters"),
        ("context.Bad=1", "context.Bad", "context. and a name"),
    ],
)
def test_impossible_values_are_named(site, query, parameter, expected):
    """422 with the parameter, what was found and what was expected."""
    response = site.http.get(f"/recs/u1?{query}")
    assert (response.status_code, response.content_type) == (422, "application/problem+json")
    problem = response.get_json()
    assert problem["parameter"] == parameter
    assert problem["expected"].startswith(expected)


def test_an_unchanged_answer_is_not_sent_again(site, publish):
    """304 without a body until the version changes; another wish has another tag."""
    first = site.http.get("/recs/u1?exclude=i1&exclude=i2&n=5")
    tag = first.headers["ETag"]
    again = site.http.get("/recs/u1?n=5&exclude=i2&exclude=i1", headers={"If-None-Match": tag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    assert again.headers["X-Recs-Version"] == version_id(1)
    assert site.http.get("/recs/u1?n=5").headers["ETag"] != tag
    assert site.http.get("/recs/u2?exclude=i1&exclude=i2&n=5").headers["ETag"] != tag
    publish(2)
    site.poller.poll()
    renewed = site.http.get("/recs/u1?exclude=i1&exclude=i2&n=5", headers={"If-None-Match": tag})
    assert (renewed.status_code, renewed.headers["X-Recs-Version"]) == (200, version_id(2))


def test_an_answer_without_the_store_has_no_tag(site):
    """What was filled from what the process holds must not be taken for the user's list later."""
    site.shelf.breaker.open()
    response = site.http.get("/recs/u1")
    assert "ETag" not in response.headers
    assert response.headers["X-Recs-Tier"] == "trending"


def test_an_answer_says_what_it_is_in_headers(site):
    """Version and tier without reading the body; private, and its own for each encoding."""
    response = site.http.get("/recs/u1")
    assert response.headers["X-Recs-Version"] == version_id(1)
    assert response.headers["X-Recs-Tier"] == "personal"
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert "Accept-Encoding" in response.headers["Vary"]


def test_a_long_answer_is_sent_short(site):
    """gzip for who reads it, and the same text; a short one goes out as it is."""
    plain = site.http.get("/recs/u1?n=40")
    packed = site.http.get("/recs/u1?n=40", headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.data) < len(plain.data) / 3

    assert json.loads(gzip.decompress(packed.data)) == plain.get_json()
    tag = {"If-None-Match": packed.headers["ETag"], "Accept-Encoding": "gzip"}
    assert site.http.get("/recs/u1?n=40", headers=tag).status_code == 304
    short = site.http.get("/recs/u1?n=1", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in short.headers
    refused = site.http.get("/recs/u1?n=40", headers={"Accept-Encoding": "gzip;q=0"})
    assert refused.data == plain.data


@pytest.mark.parametrize("path", ["/recs/u1", "/recs/u1?n=x", "/nowhere", "/health/live"])
def test_every_answer_names_its_request(site, path):
    """The id that came in goes out; without one, or with a strange one, a new one."""
    given = site.http.get(path, headers={"X-Request-ID": "trace-1:2.b"})
    assert given.headers["X-Request-ID"] == "trace-1:2.b"
    made = [
        site.http.get(path, headers=headers).headers["X-Request-ID"]
        for headers in ({}, {"X-Request-ID": "a b"}, {"X-Request-ID": "x" * 129})
    ]
    assert len({*made, "a b"}) == 4
    assert all(len(name) == 32 for name in made)


def test_asking_for_the_head_alone(site):
    """HEAD has the headers of GET and no body; OPTIONS names the methods."""
    whole, head = site.http.get("/recs/u1"), site.http.head("/recs/u1")
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["ETag"] == whole.headers["ETag"]
    assert head.headers["Content-Length"] == str(len(whole.data))
    allowed = site.http.options("/recs/u1").headers["Allow"]
    assert {"GET", "HEAD", "OPTIONS"} == set(allowed.split(", "))


def test_fields_decide_nothing_else(site):
    """The list is the same, whatever is shown of it."""
    assert ids(site.recs("u1?n=9&fields=rank")) == [f"i{k}" for k in user_list(1, 40, 20, 0)[:9]]
