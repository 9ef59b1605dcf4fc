"""Small tables of the report: figures by activity and by kind of item, and what lists are like."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipelines.evaluation.results import (
    ACTIVITY,
    HEADLINE,
    ITEM_GROUPS,
    RANKER,
    RIVALS,
    RULED,
    SurfaceResults,
)
from pipelines.evaluation.wording import count, decimals, percent, signed_percent

_MODELS = (RANKER, RULED, *RIVALS)
# What lists are like: key in `evaluation.json`, head of the column, how its figures read.
_CHARACTER: tuple[tuple[str, str, Callable[[float | None], str]], ...] = (
    ("coverage@20", "Coverage", percent),
    ("gini@20", "Gini", lambda value: decimals(value, 3)),
    ("popularity@20", "Popularity", percent),
    ("popularity_lift@20", "Popularity lift", signed_percent),
    ("miscalibration@20", "Miscalibration", lambda value: decimals(value, 3)),
    ("novelty@20", "Novelty", lambda value: decimals(value, 2)),
    ("diversity@20", "Diversity", percent),
    ("serendipity@20", "Serendipity", percent),
)


@dataclass(frozen=True)
class TextTable:
    """Heads of the columns, and rows: the name, a note beside it, and a cell a column."""

    heads: Sequence[str]
    rows: Sequence[tuple[str, str, Sequence[str]]]


def activity_table(results: SurfaceResults) -> TextTable:
    """New, light and heavy users: how many, and NDCG@20 of the ranker and its rivals."""
    models = [model for model in _MODELS if model in results.models]
    rows = [
        (
            name,
            entry["meaning"],
            [count(entry["users"]), *_figures(results, ACTIVITY, name, models)],
        )
        for name, entry in results.groups(ACTIVITY).items()
    ]
    return TextTable(["Users", *_heads(models)], rows)


def item_groups_table(results: SurfaceResults) -> TextTable:
    """New, tail and head items: how many, what share of the truth and of the places they have."""
    models = [model for model in _MODELS if model in results.models]
    rows = [
        (
            name,
            entry["meaning"],
            [
                count(entry["items"]),
                percent(entry["truth_share"]),
                percent(results.in_group(ITEM_GROUPS, name, RULED, "listed_share@20")),
                *_figures(results, ITEM_GROUPS, name, models),
            ],
        )
        for name, entry in results.groups(ITEM_GROUPS).items()
    ]
    return TextTable(["Items", "Of what users chose", "Of places shown", *_heads(models)], rows)


def character_table(results: SurfaceResults) -> TextTable:
    """Coverage, exposure, popularity, novelty, diversity and serendipity of every model."""
    rows = [
        (model, "", [read(results.value(model, key)) for key, _, read in _CHARACTER])
        for model in results.models
    ]
    return TextTable([head for _, head, _ in _CHARACTER], rows)


def _heads(models: Sequence[str]) -> list[str]:
    ndcg = [f"NDCG@20 {model}" for model in models]
    return [*ndcg, *(["Recall@20 ranker"] if RANKER in models else [])]


def _figures(results: SurfaceResults, kind: str, group: str, models: Sequence[str]) -> list[str]:
    ndcg = [decimals(results.in_group(kind, group, model, HEADLINE), 3) for model in models]
    recall = decimals(results.in_group(kind, group, RANKER, "recall@20"), 3)
    return [*ndcg, *([recall] if RANKER in models else [])]
