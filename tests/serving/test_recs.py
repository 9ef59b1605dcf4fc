"""`GET /recs/<user>`: what an answer says, and every way to ask."""

import json
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from store.keys import NamespaceKeys, bucket_of
from store.packed import NO_ITEM, pack_list
from tests.shelf_fixtures import packed, user_list, user_row, version_id

ONE = version_id(1)
KEYS = NamespaceKeys("demo").version(ONE)


def test_a_whole_answer(site):
    """The body is the documented one, value for value."""
    answer = site.recs("u1?n=2")
    published = datetime.fromisoformat(answer.pop("published_at"))
    identity = answer.pop("recommendation_id")
    first, second = user_list(1, 40, 20, 0)[:2]
    reason = {"code": "bought_together", "text": f"Goes with item 1 of {ONE}", "item_id": "i1"}
    item = {"reason": reason, "source": "als", "tier": "personal", "propensity": 1.0}
    assert answer == {
        "user_id": "u1",
        "surface": "home",
        "served_by": "personal",
        "items": [
            {"rank": 1, "item_id": f"i{first}", "score": 1.0}
            | {"title": f"item {first} of {ONE}", "category": f"c{first % 3}"}
            | item,
            {"rank": 2, "item_id": f"i{second}", "score": 0.947372}
            | {"title": f"item {second} of {ONE}", "category": f"c{second % 3}"}
            | item,
        ],
        "version": ONE,
        "model": "ranker",
        "generated_at": "2018-01-01T00:00:00Z",
        "stale": False,
        "experiment": None,
    }
    assert abs((datetime.now(UTC) - published).total_seconds()) < 30
    assert site.recs("u1?n=2")["recommendation_id"] == identity
    assert site.recs("u1?n=3")["recommendation_id"] != identity


def test_time_spent_is_in_a_header(site):
    """`Server-Timing` names the parts of a request; the body has no times that vary."""
    header = site.http.get("/recs/u1").headers["Server-Timing"]
    assert [part.split(";dur=")[0] for part in header.split(", ")] == ["store", "fill", "total"]


def test_an_unknown_user_gets_what_is_trending(site):
    """Somebody new is answered 200 with a full list, named as what it is."""
    answer = site.recs("nobody")
    assert answer["served_by"] == "trending"
    assert [item["item_id"] for item in answer["items"]] == [f"i{k}" for k in range(10)]
    assert answer["items"][0]["reason"] == {
        "code": "popular",
        "text": "Popular in c0",
        "item_id": None,
    }


def test_a_short_list_is_filled_from_the_next_tiers(site):
    """Twenty personal items, then the segment's, then trending ones: no item twice."""
    answer = site.recs("u1?n=40")
    personal = user_list(1, 40, 20, 0)
    segment = [k for k in range(1, 40, 2) if k not in personal]
    trending = [k for k in range(40) if k not in {*personal, *segment}]
    assert answer["served_by"] == "personal"
    assert [(item["tier"], item["item_id"]) for item in answer["items"]] == [
        *(("personal", f"i{k}") for k in personal),
        *(("segment", f"i{k}") for k in segment),
        *(("trending", f"i{k}") for k in trending),
    ]
    assert [item["rank"] for item in answer["items"]] == list(range(1, 41))


def test_tiers_follow_the_settings(publish, open_site):
    """The order of tiers is what `[serving] tiers` says, `global` included."""
    publish()
    site = open_site(tiers=["global", "personal"])
    site.poller.poll()
    answer = site.recs("u1?n=3")
    assert (answer["served_by"], [i["item_id"] for i in answer["items"]]) == (
        "global",
        ["i39", "i38", "i37"],
    )


@pytest.mark.parametrize("tiers", [["segment"], ["trending"], ["global"], ["static"]])
def test_a_surface_without_repeats_never_shows_what_the_user_had(open_site, publish, client, tiers):
    """Every shared list leaves it out on `discover`, and shows it on `home`, which repeats."""
    publish()
    site = open_site(tiers=["personal", *tiers])
    site.poller.poll()
    had = {k for k in range(40) if k not in user_list(1, 40, 20, 0)} - {1, 2}
    client.hset(KEYS.users(bucket_of("u1", 4)), "u1", user_row(1, had))
    expected = {f"i{k}" for k in range(40)} - {f"i{k}" for k in had}
    for query in ("n=40", "n=40&category=c0&category=c1&category=c2", "n=30&exclude=i7"):
        items = site.recs(f"u1?surface=discover&{query}")["items"]
        assert {item["item_id"] for item in items} <= expected
        assert {item["tier"] for item in items} == {"personal", *tiers}
    shown = {item["item_id"] for item in site.recs("u1?n=40")["items"]}
    assert shown & {f"i{k}" for k in had}


def test_no_title_is_shown_twice(site, client):
    """Two items of one title count as one, also between tiers."""
    key = NamespaceKeys("demo").version(ONE)
    client.hset(key.lists("home", "default", bucket_of("u1", 4)), "u1", packed([3, 3, 4]))
    ids = [item["item_id"] for item in site.recs("u1?n=4")["items"]]
    assert ids == ["i3", "i4", "i1", "i5"]


@pytest.mark.parametrize(
    "query", ["exclude=i1,i7&exclude=i10", "exclude=i1&exclude=i7&exclude=%20i10%20,"]
)
def test_excluded_items_are_left_out(site, query):
    """`exclude` takes ids repeated or between commas, in every tier."""
    plain = [i["item_id"] for i in site.recs("u1?n=40")["items"]]
    left = [i["item_id"] for i in site.recs(f"u1?n=40&{query}")["items"]]
    assert left == [name for name in plain if name not in {"i1", "i7", "i10"}]


def test_categories_filter_every_tier(site):
    """`category` may be repeated; the rest of the personal list is searched before others."""
    items = site.recs("u1?n=12&category=c0&category=c1")["items"]
    expected = [f"i{k}" for k in user_list(1, 40, 20, 0) if k % 3 in (0, 1)][:12]
    assert [item["item_id"] for item in items][: len(expected)] == expected
    assert {item["category"] for item in items} == {"c0", "c1"}
    assert site.recs("u1?category=none")["items"] == []
    assert site.recs("u1?category=")["items"] == site.recs("u1")["items"]


@pytest.mark.parametrize("user", ["a/b", "a//b", "/a", "a/", "a b", "😀", "ü?&#%", "a\nb", "live"])
def test_any_id_is_a_user(site, client, user):
    """Ids with slashes, spaces, line ends or emoji are looked up as they are."""
    key = NamespaceKeys("demo").version(ONE)
    client.hset(key.lists("home", "default", bucket_of(user, 4)), user, packed([9]))
    answer = site.recs(f"{quote(user, safe='')}?n=1")
    assert (answer["user_id"], answer["served_by"]) == (user, "personal")


@pytest.mark.parametrize(
    ("path", "status", "members"),
    [
        ("/recs/u1?n=0", 422, {"parameter": "n", "found": "0"}),
        ("/recs/u1?n=101", 422, {"parameter": "n", "found": "101"}),
        ("/recs/u1?n=ten", 422, {"parameter": "n", "found": "ten"}),
        ("/recs/u1?n=%D9%A1", 422, {"parameter": "n", "found": "١"}),
        ("/recs/u1?surface=cart", 404, {"surfaces": ["home", "discover"], "found": "cart"}),
        (f"/recs/{'x' * 129}", 422, {"parameter": "user", "found": "129 characters"}),
        ("/recs/a%00b", 422, {"parameter": "user"}),
        ("/nowhere", 404, {}),
        ("/recs/", 404, {}),
    ],
)
def test_errors_are_problems(site, path, status, members):
    """Every error is problem+json that names the parameter, what was found and expected."""
    response = site.http.get(path)
    body = response.get_json()
    assert (response.status_code, response.content_type) == (status, "application/problem+json")
    assert body | members == body
    assert {"type", "title", "status", "detail"} <= set(body)
    assert body["status"] == status
    if members:
        assert body["expected"]


def test_a_wrong_method_is_a_problem(site):
    """405 keeps its Allow header and is a problem too."""
    response = site.http.post("/recs/u1")
    assert (response.status_code, response.content_type, set(response.allow)) == (
        405,
        "application/problem+json",
        {"GET", "HEAD", "OPTIONS"},
    )


def test_a_bug_is_a_problem(site, monkeypatch, caplog):
    """An exception nobody expected is 500 without its text, which goes to the log."""
    monkeypatch.setattr(site.shelf, "fetch", lambda *_, **__: 1 / 0)
    response = site.http.get("/recs/u1")
    assert (response.status_code, response.content_type) == (500, "application/problem+json")
    assert "division" not in response.text
    assert "division" in caplog.text


def with_codes(reason, source):
    """A list of items 3 and 4 whose second entry has those codes."""
    reasons, sources = bytes([0, reason]), bytes([0, source])
    return pack_list(0.0, 1.0, b"\3\0\0\0\4\0\0\0", b"\1\0\0\0", reasons, sources,
                     NO_ITEM.to_bytes(4, "little") * 2)  # fmt: skip


@pytest.mark.parametrize(
    "damaged", [b"broken", b"", packed([3, 4])[:-1], with_codes(2, 0), with_codes(0, 255)]
)
def test_a_damaged_list_costs_only_itself(site, client, caplog, damaged):
    """A list that cannot be read is logged once and answered from the next tier."""
    client.hset(KEYS.lists("home", "default", bucket_of("u1", 4)), "u1", damaged)
    for _ in range(3):
        assert site.recs("u1")["served_by"] == "segment"
    assert caplog.text.count(f"a list of home in bucket {bucket_of('u1', 4)} cannot be read") == 1
    assert "'u1'" not in caplog.text
    assert site.recs("u1?surface=discover")["served_by"] == "personal"


@pytest.mark.parametrize(
    "damaged",
    [
        b"{",
        b"",
        b"[]",
        b"1",
        b"null",
        b"\xff",
        b'{"had": 1}',
        b'{"had": "="}',
        b'{"had": "\xc3\xbc"}',
    ],
)
def test_a_damaged_user_row_costs_only_itself(site, client, caplog, damaged):
    """A row that cannot be read is logged once; the user's list stays."""
    client.hset(KEYS.users(bucket_of("u1", 4)), "u1", damaged)
    for _ in range(3):
        tiers = {item["tier"] for item in site.recs("u1?n=40&surface=discover")["items"]}
        assert tiers == {"personal", "trending"}
    assert caplog.text.count(f"a row of users in bucket {bucket_of('u1', 4)} cannot be read") == 1


@pytest.mark.parametrize("segment", [1, None, [], {"a": 1}, "nobody's"])
def test_a_segment_without_a_list_is_passed_over(site, client, segment):
    """Whatever a row calls the segment, the next tier answers."""
    client.hset(KEYS.users(bucket_of("new", 4)), "new", json.dumps({"segment": segment}))
    assert site.recs("new")["served_by"] == "trending"


@pytest.mark.parametrize("damaged", [b"{", b"[1]", b"[[1]]", b"null", b"\xff"])
def test_a_damaged_catalogue_block_costs_only_its_items(site, client, caplog, damaged):
    """Items without a readable row are left out, said once, and come back with the block."""
    site.shelf._catalogue.forget()
    whole = client.get(KEYS.catalogue(0))
    client.set(KEYS.catalogue(0), damaged)
    numbers = [k for k in user_list(1, 40, 20, 0) if k >= 16]
    for _ in range(2):
        items = site.recs(f"u1?n={len(numbers)}")["items"]
        assert [item["item_id"] for item in items] == [f"i{k}" for k in numbers]
    assert caplog.text.count("catalogue:0 cannot be read") == 1
    client.set(KEYS.catalogue(0), whole)
    assert site.recs("u1?n=1")["items"][0]["item_id"] == f"i{user_list(1, 40, 20, 0)[0]}"
