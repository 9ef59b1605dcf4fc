"""The finished night's lists: rules hold, reasons are true, and the bytes say the same."""

import json
import shutil
from collections import defaultdict
from dataclasses import replace
from datetime import datetime

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipelines.candidates.fit import load_history, load_purchases, used_generators
from pipelines.features.database import user_segments
from pipelines.files import hash_files, read_json
from pipelines.index import load_index
from pipelines.inputs import run_cutoffs
from pipelines.lists.build import build_lists
from pipelines.lists.listed import listed_path
from pipelines.lists.reasons import OFTEN, REASON_CODES
from pipelines.lists.user_rows import _last_items
from pipelines.quality.gate import QualityError
from pipelines.quality.lists import check_lists
from pipelines.surfaces import SurfacesSettings
from store.context import PARTS_OF_DAY
from store.explained import unpack_explained
from store.had import unpack_had
from store.keys import bucket_of
from store.packed import unpack_list
from tests.night_fixtures import SHOP_AS_OF, UNAVAILABLE, made_rows

SURFACES = ("home", "discover")


@pytest.fixture(scope="module")
def index(finished_night):
    return load_index(finished_night)


@pytest.fixture(scope="module")
def history(finished_night):
    return load_history(finished_night, run_cutoffs(finished_night).night)


@pytest.fixture(params=SURFACES)
def surface(request):
    return request.param


@pytest.fixture
def lists(finished_night, surface):
    """Rows of the surface's lists, by user number, in their order."""
    found = defaultdict(list)
    for row in pq.read_table(listed_path(finished_night.path("lists"), surface)).to_pylist():
        found[row["user"]].append(row)
    return dict(found)


def test_every_user_with_an_event_has_lists(lists, history):
    """Nobody is left out, and nobody else gets a list."""
    assert sorted(lists) == np.flatnonzero(np.diff(history.indptr)).tolist()


def test_lists_are_ranked_and_cut_to_length(finished_night, lists, surface):
    """Ranks count from one to at most the length of the settings, and scores never rise."""
    length = finished_night.settings.read(SurfacesSettings)[surface].length
    for rows in lists.values():
        assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
        assert len(rows) <= length
        scores = [row["score"] for row in rows]
        assert scores == sorted(scores, reverse=True)


def test_lists_obey_the_rules(lists, index):
    """No unavailable item and no title twice."""
    items = index.items.to_pylist()
    for rows in lists.values():
        shown = [items[row["item"]] for row in rows]
        assert UNAVAILABLE not in {item["item_id"] for item in shown}
        titles = [item["title"] for item in shown]
        assert sorted(titles) == sorted(set(titles))


def test_only_home_repeats(lists, surface, history):
    """`discover` shows nothing that the user had; `home` does."""
    had = [row["item"] in history[user].indices for user, rows in lists.items() for row in rows]
    assert any(had) == (surface == "home")


def test_reasons_are_true(finished_night, lists, history):
    """What was bought says so, and an item that explains is the user's own."""
    night_sources = used_generators(finished_night)
    purchases = load_purchases(finished_night).toarray()
    for user, rows in lists.items():
        own = set(history[user].indices.tolist())
        for row in rows:
            code = REASON_CODES[row["reason"]]
            bought = purchases[user, row["item"]]
            assert row["source"] < len(night_sources)
            assert (code == "bought_often") == (bought >= OFTEN)
            assert (code == "bought_before") == (0 < bought < OFTEN)
            assert (code == "seen_before") == (row["item"] in own and not bought)
            assert (row["reason_item"] >= 0) == (row["reason_item"] in own)
            assert code != "goes_with" or row["reason_item"] in own
            assert row["reason_item"] != row["item"]
            assert row["generators"] >> row["source"] & 1
            assert row["generators"] < 2 ** len(night_sources)


def test_packed_lists_are_the_listed_rows(finished_night, lists, surface, index):
    """The file that is published says what the readable one says, in the store's order."""
    table = pq.read_table(finished_night.path("lists", f"lists-{surface}.parquet")).to_pylist()
    n_buckets = read_json(finished_night.path("lists", "manifest.json"))["n_buckets"]
    keys = [(row["bucket"], row["user_id"]) for row in table]
    assert keys == sorted((bucket_of(user, n_buckets), user) for _, user in keys)
    number = {user: n for n, user in enumerate(index.user_ids.tolist())}
    for packed in table:
        rows = lists[number[packed["user_id"]]]
        entries = list(unpack_list(packed["packed"]))
        assert [(e.number, e.reason, e.source, e.reason_item) for e in entries] == [
            (r["item"], r["reason"], r["source"], None if (i := r["reason_item"]) < 0 else i)
            for r in rows
        ]
        assert [e.score for e in entries] == pytest.approx([r["score"] for r in rows], abs=2e-5)


def test_explanations_are_those_of_the_first_items(finished_night, lists, surface, index):
    """Of each list the first five items in order, with who proposed them and real features."""
    folder = finished_night.path("lists")
    features = read_json(folder / "manifest.json")["surfaces"][surface]["features"]
    number = {user: n for n, user in enumerate(index.user_ids.tolist())}
    rows = pq.read_table(folder / f"explain-{surface}.parquet").to_pylist()
    assert {number[row["user_id"]] for row in rows} == set(lists)
    used = set()
    for row in rows:
        first = lists[number[row["user_id"]]][:5]
        found = unpack_explained(row["explained"])
        assert [(e.number, sum(1 << bit for bit in e.generators)) for e in found] == [
            (item["item"], item["generators"]) for item in first
        ]
        used |= {place for e in found for place, _ in e.contributions}
        assert all(0 < sum(abs(s) for _, s in e.contributions) < 1.001 for e in found)
    assert used <= set(range(len(features)))
    assert all(feature["description"] for feature in features)


def test_the_manifest_describes_the_lists(finished_night, lists, surface):
    """Version, hash, counts and names are those of the files beside it."""
    folder = finished_night.path("lists")
    manifest = read_json(folder / "manifest.json")
    digest = hash_files(folder.glob("*.parquet"), root=folder)
    assert (manifest["lists_hash"], manifest["version"], manifest["run_id"]) == (
        digest,
        f"{finished_night.id}-{digest[:8]}",
        finished_night.id,
    )
    assert manifest["surfaces"][surface]["n_users"] == len(lists)
    mean = sum(map(len, lists.values())) / len(lists)
    assert manifest["surfaces"][surface]["n_items_mean"] == pytest.approx(mean, abs=5e-4)
    assert tuple(reason["code"] for reason in manifest["reasons"]) == REASON_CODES
    assert manifest["sources"] == used_generators(finished_night)


def test_fallback_lists_obey_the_rules(finished_night, index, surface):
    """Trending, global, large segments and parts of the day: ruled lists of falling scores."""
    table = pq.read_table(finished_night.path("lists", "fallback.parquet")).to_pylist()
    night = run_cutoffs(finished_night).night
    segments = set(user_segments(finished_night, index, night)) - {"unknown"}
    mine = {row["field"]: row["packed"] for row in table if row["field"].startswith(surface)}
    large = {f"{surface}/segment/{name}" for name in segments}
    parts = {f"{surface}/context/hour={part}" for part in PARTS_OF_DAY}
    assert set(mine) <= {f"{surface}/trending", f"{surface}/global"} | large | parts
    assert {f"{surface}/trending", f"{surface}/global"} < set(mine)
    items = index.items.to_pylist()
    for packed in mine.values():
        entries = list(unpack_list(packed))
        shown = [items[entry.number] for entry in entries]
        assert UNAVAILABLE not in {item["item_id"] for item in shown}
        assert len({item["title"] for item in shown}) == len(shown) > 0
        scores = [entry.score for entry in entries]
        assert scores == sorted(scores, reverse=True)
        assert 0 < scores[-1] <= scores[0] <= 1


def test_small_segments_get_no_list(finished_night, index):
    """A segment below `min_segment_users` is left to trending, a larger one is not."""
    night = run_cutoffs(finished_night).night
    names, sizes = np.unique(user_segments(finished_night, index, night), return_counts=True)
    expected = {n for n, size in zip(names, sizes, strict=True) if size >= 5 and n != "unknown"}
    fields = pq.read_table(finished_night.path("lists", "fallback.parquet"))["field"].to_pylist()
    assert {f.split("/")[2] for f in fields if f.startswith("home/segment/")} == expected
    assert len(expected) > 1


def test_trending_is_what_was_bought_lately(finished_night, index):
    """The list of the last four weeks comes out of the raw lines a second time."""
    counts = defaultdict(float)
    for sale in made_rows().sales:
        age = SHOP_AS_OF - datetime.fromisoformat(sale["sold_at"])
        if 0 < age.total_seconds() <= 28 * 86_400:
            counts[sale["product"]] += {"purchase": 1.0, "view": 0.1}[sale["kind"]]
    titles = dict(zip(index.item_ids.tolist(), index.items["title"].to_pylist(), strict=True))
    expected, shown = [], set()
    for item in sorted(counts, key=lambda item: (-round(counts[item], 3), item)):
        if item != UNAVAILABLE and titles[item] not in shown:
            shown.add(titles[item])
            expected.append(item)
    table = pq.read_table(finished_night.path("lists", "fallback.parquet")).to_pylist()
    packed = {row["field"]: row["packed"] for row in table}["home/trending"]
    assert [index.item_ids[entry.number] for entry in unpack_list(packed)] == expected


def test_user_rows_hold_segment_and_last_items(finished_night, index):
    """Distinct items, newest first, at most twenty, beside the segment of each user."""
    night = run_cutoffs(finished_night).night
    segments = user_segments(finished_night, index, night)
    segment_of = dict(zip(index.user_ids.tolist(), segments.tolist(), strict=True))
    moments = defaultdict(dict)
    for sale in made_rows().sales:
        bought = moments[sale["customer"]]
        bought[sale["product"]] = max(sale["sold_at"], bought.get(sale["product"], ""))
    table = pq.read_table(finished_night.path("lists", "users.parquet")).to_pylist()
    assert {row["user_id"] for row in table} == set(moments)
    for row in table:
        found = json.loads(row["row"])
        bought = moments[row["user_id"]]
        dates = [bought[item] for item in found["last_items"]]
        assert dates == sorted(bought.values(), reverse=True)[:20]
        assert len(set(found["last_items"])) == len(dates)
        assert found["segment"] == segment_of[row["user_id"]]
        assert 0 < len(found["top_categories"]) <= 5


def test_a_rule_that_empties_a_surface_is_left_to_the_gate(finished_night, tmp_path):
    """Lists without a row are written, and it is the gate that stops the night, for their fill."""
    directory = shutil.copytree(finished_night.directory, tmp_path / finished_night.name)
    tables = finished_night.settings.tables
    emptied = {**tables["surfaces"], "home": {**tables["surfaces"]["home"], "min_score": 1.0}}
    settings = replace(finished_night.settings, tables={**tables, "surfaces": emptied})
    run = replace(finished_night, directory=directory, settings=settings)
    build_lists(run)
    manifest = read_json(run.path("lists", "manifest.json"))
    assert (manifest["surfaces"]["home"]["n_users"], manifest["counts"]["users"]) == (0, 60)
    assert pq.read_metadata(run.path("lists", "lists-home.parquet")).num_rows == 0
    with pytest.raises(QualityError, match="fill_rate"):
        check_lists(run)


def test_nobody_has_no_last_items():
    """Without an event there is no row of a user."""
    nobody = np.empty(0, dtype=np.int32)
    assert _last_items(nobody, nobody) == []


def test_user_rows_know_what_shared_lists_must_not_repeat(finished_night, index, history):
    """Every item of a shared list of `discover` is one bit: whether the user had it."""
    folder = finished_night.path("lists")
    had_items = read_json(folder / "manifest.json")["had_items"]
    shared = pq.read_table(folder / "fallback.parquet").to_pylist()
    numbers = {
        entry.number
        for row in shared
        if row["field"].startswith("discover/")
        for entry in unpack_list(row["packed"])
    }
    assert had_items == [index.item_ids[number] for number in sorted(numbers)]
    number = {user: n for n, user in enumerate(index.user_ids.tolist())}
    some = 0
    for row in pq.read_table(folder / "users.parquet").to_pylist():
        bits = unpack_had(json.loads(row["row"])["had"])
        found = {item for place, item in enumerate(had_items) if bits >> place & 1}
        own = set(index.item_ids[history[number[row["user_id"]]].indices].tolist())
        assert (found, bits >> len(had_items)) == (own & set(had_items), 0)
        some += bool(found)
    assert some > 0


def test_the_catalogue_is_in_blocks(finished_night, index):
    """Item n is the n-th row of all blocks: id, title, category, price."""
    table = pq.read_table(finished_night.path("lists", "catalogue.parquet")).to_pylist()
    rows = [row for block in table for row in json.loads(block["payload"])]
    assert rows == [
        [item["item_id"], item["title"], item["category"], float(item["price"])]
        for item in index.items.to_pylist()
    ]
