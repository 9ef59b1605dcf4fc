"""A small made run with an evaluation and lists, as the report finds them."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.sparse import csr_matrix

from pipelines.candidates.arrays import save_arrays
from pipelines.files import write_json
from pipelines.lists.listed import SCHEMA, listed_path
from pipelines.moments import compact
from pipelines.runs import Run
from settings import load_settings

AS_OF = datetime(2018, 1, 1)
HOSTILE = "<script>alert('&')</script>"
MODELS = {"ranker": 0.4, "ranker_with_rules": 0.38, "recent_popularity": 0.2, "als": 0.1}
SETTINGS = '[project]\nnamespace = "shop"\n\n[surfaces.home]\n\n[surfaces.discover]\n'
TITLES = ["Oat milk $1", HOSTILE, None]


def made_evaluation() -> dict[str, Any]:
    """`home` with four models and two segments; `discover` without a user or a model."""
    return {
        "as_of": AS_OF.isoformat(),
        "cutoff": "2017-12-04T00:00:00",
        "until": "2018-01-01T00:00:00",
        "confidence": 0.95,
        "surfaces": {
            "home": {
                "users": 1200,
                "truth_items_mean": 3.25,
                "items_sold": 3,
                "candidate_recall": 0.75,
                "models": {model: made_metrics(ndcg) for model, ndcg in MODELS.items()},
                "segments": {
                    "Families": {"users": 700, "ndcg@20": MODELS},
                    HOSTILE: {"users": 500, "ndcg@20": MODELS},
                },
                "activity": {
                    "new": made_group("at most 5 events", 0, dict.fromkeys(MODELS)),
                    "light": made_group("6 to 40 events", 800, MODELS),
                    "heavy": made_group("more than 40 events", 400, MODELS),
                },
                "item_groups": {
                    "new": made_items("first event within 28 days, or none", 0),
                    "tail": made_items(HOSTILE, 2),
                    "head": made_items("most events, together 50 % of all", 1),
                },
                "importance": {"score.als": 0.6, HOSTILE: 0.4, "unused": 0.0},
                "rules_cost_ndcg@20": 0.02,
            },
            "discover": {
                "users": 0,
                "models": {},
                "importance": {},
            },
        },
    }


def made_group(meaning: str, users: int, figures: dict[str, Any]) -> dict[str, Any]:
    """Every metric of every model is that of *figures*."""
    return {"meaning": meaning, "users": users, "ndcg@20": figures, "recall@20": figures}


def made_items(meaning: str, items: int) -> dict[str, Any]:
    """Each item is in the truth of a hundred users; without items nobody has figures."""
    figures: dict[str, Any] = MODELS if items else dict.fromkeys(MODELS)
    shares = {"items": items, "truth_share": items / 3, "listed_share@20": figures}
    return made_group(meaning, 100 * items, figures) | shares


def made_comparison() -> dict[str, Any]:
    """`home` is better in one figure and not decided in the other; `discover` has no figures."""
    figure = {"users": 1100, "live": 0.37, "tonight": 0.38, "difference": 0.01}
    return {
        "live": "20171231T000000-def-87654321",
        "reason": "",
        "model": "ranker_with_rules",
        "confidence": 0.95,
        "surfaces": {
            "home": {
                "reason": "",
                "figures": {
                    "ndcg@20": {**figure, "interval": [0.004, 0.016], "verdict": "better"},
                    "recall@20": {**figure, "interval": [-0.002, 0.022], "verdict": "not decided"},
                },
                "lists": {
                    "users": 3,
                    "users_only_tonight": 1,
                    "users_only_live": 2,
                    "overlap@10": 0.75,
                    "overlap@20": 0.5,
                    "changed@20": 1.0,
                },
            },
            "discover": {"reason": f"the label was {HOSTILE}", "figures": {}, "lists": None},
        },
    }


def made_metrics(ndcg: float) -> dict[str, Any]:
    """Every metric of a model is its *ndcg*, give or take a hundredth."""
    metrics: dict[str, Any] = {}
    for k in (5, 10, 20):
        for name in ("recall", "ndcg", "map", "mrr"):
            metrics[f"{name}@{k}"] = ndcg
            metrics[f"{name}@{k}_interval"] = [round(ndcg - 0.01, 6), round(ndcg + 0.01, 6)]
    beyond = {"coverage@20": 0.125, "popularity@20": 0.25, "novelty@20": 2.5, "diversity@20": 0.5}
    fairness = {"gini@20": 0.9, "popularity_lift@20": -0.25, "miscalibration@20": None}
    return metrics | beyond | fairness | {"serendipity@20": 0.0625}


def made_run(folder: Path, evaluation: dict[str, Any] | None = None) -> Run:
    """A run in *folder*: three users, three items, lists on `home`, none on `discover`."""
    file = folder / "nightshelf.toml"
    file.write_text(SETTINGS, encoding="utf-8")
    run = Run("20180101T000000-abc", folder / "run", AS_OF, load_settings(file, environ={}))
    write_json(run.path("evaluation.json"), evaluation or made_evaluation())
    write_json(run.path("comparison.json"), made_comparison())
    write_json(run.path("manifest.json"), _manifest())
    _write_tables(run)
    _write_lists(run)
    run.finish("features", {"tables": 7}, 2.0)
    run.finish("score-0000", {"users": 2, "rows": 20}, 3.0)
    run.finish("score-0001", {"users": 1, "rows": 10}, 1.5)
    return run


def write_gate(run: Run, *, success: bool) -> None:
    """Results of the gate `events`, with a page beside them."""
    failures = [] if success else [{"expectation": "events_are_fresh"}]
    record = {"gate": "events", "success": success, "failures": failures}
    write_json(
        run.path("quality", "events.json"), {**record, "expectations": [1, 2], "measurements": [3]}
    )
    run.path("quality", "events.html").write_text("<p>details</p>", encoding="utf-8")


def _manifest() -> dict[str, Any]:
    return {
        "run_id": "20180101T000000-abc",
        "as_of": AS_OF.isoformat(),
        "cutoffs": {
            "training": ["2017-11-06T00:00:00"],
            "evaluation": "2017-12-04T00:00:00",
            "night": AS_OF.isoformat(),
            "horizon_s": 28 * 24 * 3600,
        },
        "lake": {
            "source": "till",
            "read_at": "2018-01-01T01:00:00",
            "counts": {
                "delivered": 2000,
                "events": 1900,
                "duplicates": 60,
                "quarantined": 40,
                "reasons": {"negative value": 30, HOSTILE: 10},
            },
            "damaged_files": [["till-3.csv", HOSTILE]],
            "items": {"rows": 3},
            "users": {"rows": 3},
            "tables": {"coupons": {"rows": 12}},
        },
    }


def _write_tables(run: Run) -> None:
    items = {"item_id": ["i0", "i1", "i2"], "title": TITLES, "category": ["Tea", None, "Fish"]}
    users = {"user_id": ["u0", "u1", "u2"]}
    run.path("index").mkdir(parents=True)
    pq.write_table(pa.table(items), run.path("index", "items.parquet"))
    pq.write_table(pa.table(users), run.path("index", "users.parquet"))
    known = csr_matrix(np.array([[1, 0, 0], [1, 1, 0], [1, 1, 1]], dtype=np.float32))
    save_arrays(run.path("models", compact(AS_OF), "history.npz"), {"pairs": known})


def _write_lists(run: Run) -> None:
    """User k gets the items 0 … k; what explains an item is item 1."""
    pairs = [(user, item) for user in range(3) for item in range(user + 1)]
    rows = [
        {
            "user": user,
            "rank": item + 1,
            "item": item,
            "score": 1 - item / 4,
            "reason": item % 2,
            "source": 0,
            "reason_item": 1 if item % 2 else -1,
        }
        for user, item in pairs
    ]
    folder = run.path("lists")
    folder.mkdir()
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), listed_path(folder, "home"))
    pq.write_table(pa.Table.from_pylist([], schema=SCHEMA), listed_path(folder, "discover"))
    segments = [json.dumps({"segment": HOSTILE}).encode() for _ in range(3)]
    users = {"user_id": ["u0", "u1", "u2"], "row": pa.array(segments, pa.binary())}
    pq.write_table(pa.table(users), folder / "users.parquet")
    write_json(
        folder / "manifest.json",
        {
            "version": "20180101T000000-abc-12345678",
            "lists_hash": "12345678" * 8,
            "counts": {"users": 3},
            "surfaces": {"discover": {}, "home": {}},
            "reasons": [
                {"code": "popular", "text": "Popular in {category}"},
                {"code": "goes_with", "text": "Goes with {item}"},
            ],
        },
    )
