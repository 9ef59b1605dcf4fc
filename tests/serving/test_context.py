"""What a request says of its situation: rules, and lists of the tier `context`."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.publish import PublishSettings, publish_lists
from tests.shelf_fixtures import make_lists, packed

MORNING, GERMANY, RAIN = [5, 6, 7], [8, 9, 5], [1, 2]


@pytest.fixture
def publish_contexts(client, tmp_path):
    """Publishes made lists with lists by situation."""
    directory = make_lists(tmp_path / "lists")
    path = directory / "fallback.parquet"
    table = pq.read_table(path)
    fields = {
        "home/context/hour=morning": MORNING,
        "home/context/country=DE": GERMANY,
        "home/context/weather=rain": RAIN,
        "discover/context/country=DE": [30],
    }
    more = pa.table(
        {
            "field": list(fields),
            "packed": pa.array([packed(numbers) for numbers in fields.values()], pa.binary()),
        }
    )
    pq.write_table(pa.concat_tables([table, more.cast(table.schema)]), path)
    file = directory / "manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    manifest["contexts"] = ["hour", "device", "country", "weather"]
    file.write_text(json.dumps(manifest), encoding="utf-8")
    publish_lists(directory, client, "demo", PublishSettings())


@pytest.fixture
def open_shop(publish_contexts, open_site, patient):
    """Opens applications that have read the version with lists by situation."""

    def call(**serving):
        site = open_site(patient, **serving)
        site.poller.poll()
        return site

    return call


def shown(answer):
    """(tier, item) in order."""
    return [(item["tier"], item["item_id"]) for item in answer["items"]]


def ids(answer):
    """Item ids in order."""
    return [item["item_id"] for item in answer["items"]]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("hour=7", MORNING),
        ("country=DE", GERMANY),
        ("context.country=DE", GERMANY),
        ("hour=11&country=DE", [5, 6, 7, 8, 9]),  # in the order of the night
        ("context.weather=rain", RAIN),
        ("country=DE&surface=discover", [30]),
    ],
)
def test_somebody_unknown_gets_what_is_popular_there(open_shop, query, numbers):
    """Lists by situation go before trending ones, which fill up."""
    answer = open_shop().recs(f"new?n={len(numbers) + 1}&{query}")
    assert shown(answer)[:-1] == [("context", f"i{number}") for number in numbers]
    assert answer["served_by"] == "context"
    assert shown(answer)[-1][0] == "trending"


@pytest.mark.parametrize(
    "query", ["", "hour=3", "country=LI", "device=tv", "context.hour=99", "country=DE/segment/x"]
)
def test_a_situation_without_a_list_is_skipped(open_shop, query):
    """The next tier answers."""
    assert open_shop().recs(f"new?n=2&{query}")["served_by"] == "trending"


def test_a_known_user_keeps_the_own_list(open_shop):
    """Personal and segment go first, as `[serving] tiers` says."""
    shop = open_shop()
    assert shop.recs("u1?country=DE&n=3")["items"] == shop.recs("u1?n=3")["items"]
    other = open_shop(tiers=["context", "personal"])
    assert shown(other.recs("u1?country=DE&n=4"))[:3] == [("context", f"i{n}") for n in GERMANY]


def test_a_version_without_such_lists_goes_on(site):
    """Lists that were made before there were any."""
    assert site.recs("new?country=DE&hour=7")["served_by"] == "trending"


RULES = {
    "no_c1": {"when": {"country": ["DE"]}, "exclude_categories": ["c1"]},
    "evening": {
        "when": {"surface": ["home"], "hour": ["18-23"]},
        "only_categories": ["c0", "c1"],
        "exclude_items": ["i0"],
        "tiers": ["trending"],
    },
}


def test_rules_change_what_is_shown(open_shop):
    """In every tier of an answer, and only in the situation that they are for."""
    shop, plain = open_shop(rules=RULES), open_shop()
    assert shop.recs("u1?n=40") == plain.recs("u1?n=40")
    there = shop.recs("u1?n=40&country=DE")
    assert {item["category"] for item in there["items"]} == {"c0", "c2"}
    expected = [i for i in ids(plain.recs("u1?n=40&country=DE")) if int(i[1:]) % 3 != 1]
    assert ids(there) == expected
    late = shop.recs("u1?n=40&hour=20")
    assert {item["tier"] for item in late["items"]} == {"trending"}
    assert ids(late) == [f"i{number}" for number in range(1, 40) if number % 3 != 2]
    both = shop.recs("u1?n=40&hour=20&country=DE")
    assert ids(both) == [f"i{number}" for number in range(3, 40, 3)]
    assert ids(shop.recs("u1?n=40&hour=20&category=c2")) == []


def test_explain_names_the_rules_that_applied(open_shop):
    """An empty list where none did; without `explain` nothing is said."""
    shop = open_shop(rules=RULES)
    assert shop.recs("u1?explain=1")["rules"] == []
    assert shop.recs("u1?explain=1&country=DE")["rules"] == ["no_c1"]
    assert shop.recs("u1?explain=1&country=DE&hour=18")["rules"] == ["no_c1", "evening"]
    assert "rules" not in shop.recs("u1?country=DE")


def test_a_rule_is_in_the_tag(open_shop):
    """Other rules, as after a restart with other settings, make another answer of the same."""
    tags = {
        open_shop(**serving).http.get("/recs/u1?hour=20").headers["ETag"]
        for serving in (
            {},
            {"rules": {"late": RULES["evening"]}},
            {"rules": {"late": {"exclude_categories": ["c1"]}}},
            {"rules": {"late": {"only_categories": ["c1"]}}},
            {"rules": {"late": {"tiers": ["static"]}}},
        )
    }
    assert len(tags) == 5


def test_rules_hold_for_sessions_too(open_shop):
    """Every route of lists asks them."""
    shop = open_shop(rules={"none": {"exclude_items": ["i0", "i1"]}})
    answer = shop.http.get("/session/recs?items=i7&n=3").get_json()
    assert ids(answer) == ["i2", "i3", "i4"]
