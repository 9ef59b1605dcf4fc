"""`explain=1`: what speaks for the first items, read only where somebody asks."""

import json

import pytest

from pipelines.publish import PublishSettings, publish_lists
from serving.app import create_app, open_shelf
from store.explained import RECORD, pack_explained
from store.keys import NamespaceKeys, bucket_of
from tests.shelf_fixtures import FEATURES, packed, user_list, version_id

KEYS = NamespaceKeys("demo").version(version_id(1))
TIERS = ("personal", "segment", "trending")
EXPLANATION = {
    "generators": ["trending", "als"],
    "contributions": [
        {**FEATURES[1], "share": 0.5, "sign": "+"},
        {**FEATURES[0], "share": 0.25, "sign": "-"},
    ],
}


@pytest.fixture
def explained(publish, open_site):
    """An application over lists whose first three items are explained for users of even number."""
    publish(explained=3)
    site = open_site()
    site.poller.poll()
    return site


def unexplained(answer):
    """*answer* as somebody gets it who asks for explanations that were not kept."""
    items = [item | {"explanation": None} for item in answer["items"]]
    return answer | {"items": items, "rules": []}


def reads(client):
    """How many hash fields the server has given out."""
    return client.info("commandstats").get("cmdstat_hget", {"calls": 0})["calls"]


def test_the_first_items_say_what_speaks_for_them(explained):
    """Generators and contributions of three items; everything else is as without it."""
    plain, answer = explained.recs("u2?n=5"), explained.recs("u2?n=5&explain=1")
    assert [item.pop("explanation") for item in answer["items"]] == [
        *[EXPLANATION] * 3,
        None,
        None,
    ]
    assert answer == plain | {"rules": []}
    assert explained.recs("u2?n=5&explain=0") == plain


def test_a_real_night_explains_itself(finished_night, client):
    """Lists of a whole night, published, answer with generators and features of that night."""
    publish_lists(finished_night.path("lists"), client, "shop", PublishSettings())
    shelf = open_shelf(finished_night.settings)
    shelf.refresh()
    http = create_app(finished_night.settings, shelf).test_client()
    for surface in ("home", "discover"):
        items = http.get(f"/recs/u000?surface={surface}&explain=1&n=7").get_json()["items"]
        explanations = [item["explanation"] for item in items if item["explanation"]]
        assert [item["rank"] for item in items if item["explanation"]] == [1, 2, 3, 4, 5]
        for item, explanation in zip(items, explanations, strict=False):
            assert item["source"] in explanation["generators"]
            parts = explanation["contributions"]
            assert [part["share"] for part in parts] == sorted(
                (part["share"] for part in parts), reverse=True
            )
            assert all(part["description"] and part["sign"] in "+-" for part in parts)
    shelf.close()


def test_explanations_stay_with_their_items(explained):
    """What a filter leaves of the list keeps its own explanation, and only that."""
    first, second, third = user_list(2, 40, 3, 0)
    items = explained.recs(f"u2?n=4&explain=1&exclude=i{first}")["items"]
    with_one = [item["item_id"] for item in items if item["explanation"]]
    assert with_one == [f"i{second}", f"i{third}"]


@pytest.mark.parametrize("user", ["u1", "nobody"])
def test_nobody_is_made_up_an_explanation(explained, user):
    """A user beyond the budget, and one without a list: every item says null, nothing else."""
    assert explained.recs(f"{user}?explain=1") == unexplained(explained.recs(user))


def test_nothing_is_read_that_nobody_asked_for(explained, client):
    """Two fields a request, three with `explain=1`, in the same trip; none of a list held."""
    explained.recs("u0")  # warms the catalogue
    counts = []
    for path in ("u2", "u4?explain=0", "u6?explain=1", "u2", "u4?explain=1"):
        before, trips = reads(client), explained.shelf.trips.made
        explained.recs(path)
        counts.append(reads(client) - before)
        assert explained.shelf.trips.made - trips == 1
    assert counts == [2, 2, 3, 0, 1]


def test_a_version_without_explanations_is_asked_for_none(site, client):
    """Lists of an older run: the parameter is taken and nothing more is read."""
    site.recs("u2")
    before = reads(client)
    assert site.recs("u2?explain=1") == unexplained(site.recs("u2"))
    assert reads(client) - before == 0


def test_damaged_explanations_are_left_out(explained, client, caplog):
    """The answer goes on without them, and the log says so once."""
    client.hset(KEYS.explain("home", bucket_of("u2", 4)), "u2", b"broken")
    for _ in range(2):
        assert explained.recs("u2?explain=1") == unexplained(explained.recs("u2"))
    said = [record for record in caplog.records if "explains a list in bucket" in record.message]
    assert len(said) == 1


def test_explanations_of_what_is_not_there_are_left_out(explained, client):
    """An item that the catalogue lacks, and a row that is gone, explain nothing."""
    key = KEYS.explain("home", bucket_of("u2", 4))
    client.hset(key, "u2", pack_explained(RECORD.pack(9999, 1, 0, 0, 0, 1, 0, 0)))
    assert explained.recs("u2?explain=1") == unexplained(explained.recs("u2"))
    client.delete(key)
    assert explained.recs("u2?explain=1") == unexplained(explained.recs("u2"))


@pytest.mark.parametrize("value", ["", "2", "true", "yes"])
def test_other_values_are_a_problem(site, value):
    """`explain` is 0 or 1; the answer says so."""
    response = site.http.get(f"/recs/u1?explain={value}")
    assert (response.status_code, response.get_json()["parameter"]) == (422, "explain")
    assert response.get_json()["expected"] == "0 or 1"


def test_a_segment_is_named_in_personal_and_shared_lists(publish, open_site, client):
    """`{segment}` is the user's own in their list, and in a shared list whom that is for."""
    publish()
    manifest = json.loads(client.get(KEYS.manifest))
    manifest["reasons"][0]["text"] = "Popular with {segment}"
    client.set(KEYS.manifest, json.dumps(manifest))
    client.hset(KEYS.lists("home", "default", bucket_of("u1", 4)), "u1", packed([3]))
    site = open_site()
    site.poller.poll()
    items = site.recs("u1?n=30")["items"]
    texts = {tier: {i["reason"]["text"] for i in items if i["tier"] == tier} for tier in TIERS}
    assert texts == {
        "personal": {"Popular with students"},
        "segment": {"Popular with students"},
        "trending": {"Popular with your group"},
    }
