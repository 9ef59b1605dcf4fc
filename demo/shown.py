"""What the demo prints in the end: lists from the running app, the evaluation, where to go on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from demo.app import ask_for_lists
from settings import Settings
from settings.project import var_directory

N_ITEMS = 8
TITLE_WIDTH = 44


def show_lists(url: str, user: str, surface: str) -> str:
    """Print the app's list for *user*; the version that it came from."""
    answer = ask_for_lists(url, user, n=N_ITEMS, surface=surface)
    print(f"\nuser {user}, surface {surface}, served by {answer['served_by']}:")
    for item in answer["items"]:
        title = _shorten(item["title"] or item["item_id"])
        reason = (item["reason"] or {}).get("text", "")
        print(f"  {item['rank']:2}. {title:{TITLE_WIDTH}}  {item['score']:6.3f}  {reason}")
    return str(answer["version"])


def show_evaluation(run: Path) -> None:
    """Print NDCG@20 and its interval, recall and coverage of every model of every surface."""
    evaluation = json.loads((run / "evaluation.json").read_text(encoding="utf-8"))
    print(f"\nevaluation, {evaluation['cutoff']} to {evaluation['until']}:")
    for surface, result in evaluation["surfaces"].items():
        print(f"  {surface:22} {'NDCG@20':>8}   {'interval':15} {'recall@20':>9} {'coverage':>9}")
        models = sorted(result["models"].items(), key=lambda model: -model[1]["ndcg@20"])
        for name, metrics in models:
            print(f"    {name:20} {_figures(metrics)}")


def version_run(settings: Settings, version: str) -> Path:
    """The directory of the run that made *version*: `<run id>-<8 hex of its lists>`."""
    return var_directory(settings) / "runs" / version.rpartition("-")[0]


def _figures(metrics: dict[str, Any]) -> str:
    low, high = metrics["ndcg@20_interval"]
    recall, coverage = metrics["recall@20"], metrics["coverage@20"]
    return f"{metrics['ndcg@20']:8.3f}   {low:.3f} … {high:.3f} {recall:9.3f} {coverage:9.3f}"


def _shorten(text: str) -> str:
    return text if len(text) <= TITLE_WIDTH else f"{text[: TITLE_WIDTH - 1]}…"
