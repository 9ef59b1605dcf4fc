"""`GET /recs/<user>`: what an answer says, and every way to ask."""

from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from store.keys import NamespaceKeys, bucket_of
from tests.shelf_fixtures import packed, user_list, version_id

ONE = version_id(1)


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


def test_no_title_is_shown_twice(site, client):
    """Two items of one title count as one, also between tiers."""
    key = NamespaceKeys("demo").version(ONE)
    client.hset(key.lists("home", "default", bucket_of("u1", 4)), "u1", packed([3, 3, 4]))
    ids = [item["item_id"] for item in site.recs("u1?n=4")["items"]]
    assert ids == ["i3", "i4", "i1", "i5"]


@pytest.mark.parametrize(
    "query", ["exclude=i1,i7&exclude=i10", "exclude=i1&exclude=i7&exclude=i10,"]
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
    monkeypatch.setattr(site.shelf, "fetch", lambda *_: 1 / 0)
    response = site.http.get("/recs/u1")
    assert (response.status_code, response.content_type) == (500, "application/problem+json")
    assert "division" not in response.text
    assert "division" in caplog.text


def test_a_damaged_list_costs_only_itself(site, client):
    """A list that cannot be read is logged and answered from the next tier."""
    key = NamespaceKeys("demo").version(ONE)
    client.hset(key.lists("home", "default", bucket_of("u1", 4)), "u1", b"broken")
    assert site.recs("u1")["served_by"] == "trending"
