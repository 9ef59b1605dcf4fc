"""The finished night's `evaluation.json`, against a second way to the same figures."""

import json
import shutil
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipelines.candidates.fit import load_generator, used_generators
from pipelines.evaluation import window as window_module
from pipelines.evaluation.evaluate import evaluate
from pipelines.evaluation.groups import group_users
from pipelines.evaluation.metrics import find_hits, metrics_of_users
from pipelines.evaluation.settings import EvaluationSettings
from pipelines.evaluation.user_figures import read_user_figures, user_figures_path
from pipelines.evaluation.window import open_known, open_window
from pipelines.files import read_json
from pipelines.index import load_index
from pipelines.inputs import run_cutoffs
from pipelines.surfaces import SurfacesSettings
from tests.night_fixtures import SHOP_AS_OF, made_rows

CUTOFF = SHOP_AS_OF - timedelta(days=7)
CHARACTER = {
    "coverage@20",
    "gini@20",
    "novelty@20",
    "diversity@20",
    "serendipity@20",
    "popularity@20",
    "popularity_lift@20",
    "miscalibration@20",
}
WEIGHTS = {"purchase": 1.0, "view": 0.1}


@pytest.fixture(scope="module")
def evaluation(finished_night):
    """What the night wrote."""
    return read_json(finished_night.path("evaluation.json"))


@pytest.fixture(scope="module")
def sales():
    """(user, item, kind, moment) of every line of the shop."""
    return [
        (s["customer"], s["product"], s["kind"], datetime.fromisoformat(s["sold_at"]))
        for s in made_rows().sales
    ]


def recent_popularity(sales):
    """Items by weighted lines of the four weeks before the cutoff, ties by id."""
    counts = defaultdict(float)
    for _, item, kind, at in sales:
        if CUTOFF - timedelta(days=28) <= at < CUTOFF:
            counts[item] += WEIGHTS[kind]
    return sorted(counts, key=lambda item: (-round(counts[item], 4), item))


def own_most_frequent(sales, user):
    """The user's items by lines, then the last of them, then id."""
    mine = [(item, at) for u, item, _, at in sales if u == user and at < CUTOFF]
    counts = Counter(item for item, _ in mine)
    last = {item: max(at for i, at in mine if i == item) for item in counts}
    return sorted(counts, key=lambda item: (-counts[item], -last[item].timestamp(), item))


def scores_of(lists, truth):
    """Mean of every metric over users; lists and truth by user."""
    users = sorted(truth)
    hits = np.array(
        [[item in truth[user] for item in (lists[user] + [""] * 20)[:20]] for user in users]
    )
    sizes = np.array([len(truth[user]) for user in users], dtype=np.int32)
    return {name: values.mean() for name, values in metrics_of_users(hits, sizes).items()}


@pytest.fixture(scope="module")
def truth(sales):
    """Distinct items that users known before the cutoff bought in the week after it."""
    known = {user for user, _, _, at in sales if at < CUTOFF}
    bought = defaultdict(set)
    for user, item, kind, at in sales:
        if user in known and kind == "purchase" and CUTOFF <= at < SHOP_AS_OF:
            bought[user].add(item)
    return bought


def test_the_protocol_is_written_down(evaluation):
    """Moment, window and confidence stand beside the figures."""
    assert {key: evaluation[key] for key in ("as_of", "cutoff", "until", "confidence")} == {
        "as_of": "2024-05-06T00:00:00",
        "cutoff": "2024-04-29T00:00:00",
        "until": "2024-05-06T00:00:00",
        "confidence": 0.95,
    }
    assert set(evaluation["surfaces"]) == {"home", "discover"}


def test_users_and_truth_are_those_of_the_window(evaluation, truth):
    """Users with events on both sides, and distinct items bought."""
    home = evaluation["surfaces"]["home"]
    assert home["users"] == len(truth)
    mean = sum(map(len, truth.values())) / len(truth)
    assert home["truth_items_mean"] == pytest.approx(mean, abs=5e-4)


def test_recent_popularity_is_what_it_says(evaluation, sales, truth):
    """The baseline's figures come out of the raw lines a second time."""
    ranking = recent_popularity(sales)
    expected = scores_of(dict.fromkeys(truth, ranking[:20]), truth)
    found = evaluation["surfaces"]["home"]["models"]["recent_popularity"]
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-6)


def test_own_most_frequent_is_what_it_says(evaluation, sales, truth):
    """Count, then last purchase, then id; filled with recent popularity."""
    popular = recent_popularity(sales)
    lists = {}
    for user in truth:
        own = own_most_frequent(sales, user)
        lists[user] = (own + [item for item in popular[:20] if item not in own])[:20]
    expected = scores_of(lists, truth)
    found = evaluation["surfaces"]["home"]["models"]["own_most_frequent"]
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-6)


def test_every_model_has_every_figure(evaluation):
    """Rankers, baselines and generators stand side by side, with intervals around the means."""
    for surface in evaluation["surfaces"].values():
        assert set(surface["models"]) == {
            "ranker",
            "ranker_with_rules",
            "own_most_frequent",
            "recent_popularity",
            "segment_popularity",
            "als",
            "item_item",
        }
        for model in surface["models"].values():
            metrics = [f"{m}@{k}" for m in ("recall", "ndcg", "map", "mrr") for k in (5, 10, 20)]
            assert set(model) == {*metrics, *(f"{m}_interval" for m in metrics), *CHARACTER}
            for metric in metrics:
                low, high = model[f"{metric}_interval"]
                assert 0 <= low <= model[metric] <= high <= 1


def test_the_pattern_of_the_shop_is_found(evaluation):
    """Users repeat their favourites: what knows them beats what everybody buys."""
    models = evaluation["surfaces"]["home"]["models"]
    ndcg = {name: model["ndcg@20"] for name, model in models.items()}
    assert ndcg["ranker"] > 1.5 * ndcg["recent_popularity"]
    assert ndcg["own_most_frequent"] > 1.5 * ndcg["recent_popularity"]


def test_the_rules_cost_what_lies_between_the_two_rankers(evaluation):
    """The cost of the rules is the unruled figure less the ruled one."""
    for surface in evaluation["surfaces"].values():
        ranker, ruled = (surface["models"][n]["ndcg@20"] for n in ("ranker", "ranker_with_rules"))
        assert surface["rules_cost_ndcg@20"] == pytest.approx(ranker - ruled, abs=2e-6)


def test_segments_divide_the_users(evaluation):
    """Users of the segments add up, and so do their figures."""
    for surface in evaluation["surfaces"].values():
        segments = surface["segments"].values()
        assert sum(segment["users"] for segment in segments) == surface["users"]
        total = sum(segment["users"] * segment["ndcg@20"]["ranker"] for segment in segments)
        mean = surface["models"]["ranker"]["ndcg@20"]
        assert total / surface["users"] == pytest.approx(mean, abs=1e-5)


def test_activity_divides_the_users(evaluation, finished_night, sales, truth):
    """New, light and heavy users by their lines before the cutoff, and figures that add up."""
    lines = Counter(user for user, _, _, at in sales if at < CUTOFF)
    events = np.array([lines[user] for user in sorted(truth)])
    groups = {g.name: g for g in group_users(events, EvaluationSettings())}
    for surface in ("home", "discover"):
        found = evaluation["surfaces"][surface]["activity"]
        assert set(found) == {"new", "light", "heavy"}
        users = sum(group["users"] for group in found.values())
        assert users == evaluation["surfaces"][surface]["users"]
        parts = [g["users"] * g["recall@20"]["als"] for g in found.values() if g["users"]]
        mean = evaluation["surfaces"][surface]["models"]["als"]["recall@20"]
        assert sum(parts) / users == pytest.approx(mean, abs=1e-5)
    home = evaluation["surfaces"]["home"]["activity"]
    assert {name: (group["meaning"], group["users"]) for name, group in home.items()} == {
        name: (group.meaning, int(group.members.sum())) for name, group in groups.items()
    }


def test_kinds_of_items_divide_catalogue_truth_and_places(evaluation):
    """New, tail and head items are the catalogue; their shares of truth and places sum to one."""
    for surface in evaluation["surfaces"].values():
        groups = surface["item_groups"]
        assert set(groups) == {"new", "tail", "head"}
        assert sum(group["items"] for group in groups.values()) == 40
        shares = [group["truth_share"] for group in groups.values()]
        assert sum(shares) == pytest.approx(1, abs=1e-5)
        for model in surface["models"]:
            places = [group["listed_share@20"][model] for group in groups.values()]
            assert sum(places) == pytest.approx(1, abs=1e-5)


def test_figures_of_users_have_the_means_of_the_file(evaluation, finished_night, truth):
    """One row a user and model, with ids; their means are those of `evaluation.json`."""
    for surface, results in evaluation["surfaces"].items():
        path = user_figures_path(finished_night, surface)
        rows = pq.read_table(path)
        assert rows.schema.names == ["user_id", "model", "ndcg@20", "recall@20"]
        assert rows.num_rows == results["users"] * len(results["models"])
        for model, figures in results["models"].items():
            of_model = read_user_figures(path, model)
            for metric in ("ndcg@20", "recall@20"):
                mean = np.mean(of_model[metric].to_numpy())
                assert mean == pytest.approx(figures[metric], abs=1e-6)
    home = read_user_figures(user_figures_path(finished_night, "home"), "ranker")
    assert home["user_id"].to_pylist() == sorted(truth)


def test_every_generator_alone_is_what_it_lists_itself(evaluation, finished_night):
    """What was noted while candidates were made is what a generator gives when asked alone."""
    cutoff = run_cutoffs(finished_night).evaluation
    index = load_index(finished_night)
    known = open_known(finished_night, index)
    for surface, settings in finished_night.settings.read(SurfacesSettings).items():
        window = open_window(finished_night, index, surface, known)
        seen = None if settings.repeats else known.history[window.users]
        for name in used_generators(finished_night):
            if name == "own_most_frequent":
                continue  # filled up with recent popularity
            generator = load_generator(finished_night, cutoff, name)
            lists = generator.candidates(window.users, 20, seen)
            hits = find_hits(lists, window.users, window.truth)
            values = metrics_of_users(hits, window.truth_sizes)["ndcg@20"]
            found = evaluation["surfaces"][surface]["models"][name]["ndcg@20"]
            assert values.mean() == pytest.approx(found, abs=1e-6)


def test_no_figure_is_nan(finished_night):
    """JSON has no NaN: what cannot be said is null."""

    def refuse(word):
        raise AssertionError(word)

    text = finished_night.path("evaluation.json").read_text(encoding="utf-8")
    assert json.loads(text, parse_constant=refuse)["surfaces"]


def test_a_window_without_users_is_written_down(finished_night, tmp_path, monkeypatch):
    """Nobody on both sides of the cutoff: no models, no figures of users, and no error."""
    folder = tmp_path / "run"
    shutil.copytree(finished_night.directory, folder)
    run = replace(finished_night, directory=folder)
    monkeypatch.setattr(window_module, "labelled_users", lambda *_: np.empty(0, dtype=np.int32))
    assert evaluate(run) == {}
    home = read_json(run.path("evaluation.json"))["surfaces"]["home"]
    assert (home["users"], home["models"]) == (0, {})
    assert pq.read_table(user_figures_path(run, "home")).num_rows == 0


def test_importance_is_shared_out(evaluation):
    """Shares of all columns sum to one; features and generators are among them."""
    for surface in evaluation["surfaces"].values():
        assert sum(surface["importance"].values()) == pytest.approx(1)
        assert {"score.als", "rank.als", "user_activity_28d.user_spent_28d"} <= set(
            surface["importance"]
        )
