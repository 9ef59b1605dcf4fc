"""The demo's own night: the figures of its evaluation, against what they have to beat."""

from __future__ import annotations

import json
import os
import resource
import time
from pathlib import Path
from typing import Any

from pipelines.evaluation.table import evaluation_table
from pipelines.files import read_json
from pipelines.night import begin_night, do_night
from settings import load_settings

RIVALS = {"home": "own_most_frequent", "discover": "recent_popularity"}


def run_night(folder: Path) -> tuple[str, str]:
    """A night of the project's settings with its data below *folder*; the table, a JSON line."""
    started = time.monotonic()
    os.environ["NIGHTSHELF__PROJECT__VAR"] = str(folder.resolve())
    settings = load_settings()
    run = do_night(begin_night(settings))
    evaluation = read_json(run.path("evaluation.json"))
    timings = read_json(run.path("timings.json"))
    line = {
        "benchmark": "ranking_quality",
        "dataset": "complete_journey",
        "surfaces": {name: _figures(evaluation, name) for name in evaluation["surfaces"]},
        "stage_seconds": timings["total_seconds"],
        "seconds": round(time.monotonic() - started, 1),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    return evaluation_table(evaluation), json.dumps(line)


def _figures(evaluation: dict[str, Any], surface: str) -> dict[str, float]:
    stored = evaluation["surfaces"][surface]
    ranker, rival = stored["models"]["ranker"], RIVALS.get(surface, "recent_popularity")
    return {
        "recall@20": ranker["recall@20"],
        "ndcg@20": ranker["ndcg@20"],
        f"over_{rival}": round(ranker["ndcg@20"] / stored["models"][rival]["ndcg@20"], 4),
        "candidate_recall": stored["candidate_recall"],
    }
