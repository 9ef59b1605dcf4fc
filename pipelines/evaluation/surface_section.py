"""What the report says of one surface: headline figures, a table of metrics, pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.evaluation.charts import (
    character_chart,
    groups_chart,
    importance_chart,
    models_chart,
)
from pipelines.evaluation.group_tables import (
    TextTable,
    activity_table,
    character_table,
    item_groups_table,
)
from pipelines.evaluation.metrics import CUTOFFS
from pipelines.evaluation.results import (
    ACTIVITY,
    HEADLINE,
    ITEM_GROUPS,
    RANKER,
    RIVALS,
    SEGMENTS,
    SurfaceResults,
)
from pipelines.evaluation.table import conclude_rules
from pipelines.evaluation.wording import between, count, decimals, percent, ratio

METRICS = {"ndcg": "NDCG", "recall": "Recall", "map": "MAP", "mrr": "MRR"}
SHOWN_COLUMNS = 25  # of the ranker's importance


@dataclass(frozen=True)
class Tile:
    """One headline figure."""

    label: str
    value: str
    note: str


@dataclass(frozen=True)
class Cell:
    """One metric of one model."""

    value: str
    interval: str
    is_best: bool


@dataclass(frozen=True)
class SurfaceSection:
    """Everything that the page shows of one surface, as text and SVG."""

    name: str
    users: str
    tiles: Sequence[Tile]
    conclusions: Sequence[str]
    heads: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Cell]]]  # model and its cells, one a head
    models: str
    segments: str
    activity: str
    activity_table: TextTable
    item_groups: str
    item_groups_table: TextTable
    character: str
    character_table: TextTable
    importance: str


def build_section(results: SurfaceResults) -> SurfaceSection:
    """*results* as sentences, cells and pictures; empty where there is nothing to show."""
    metrics = [f"{metric}@{k}" for metric in METRICS for k in CUTOFFS]
    importance = [pair for pair in results.importance if pair[1] > 0][:SHOWN_COLUMNS]
    is_usable = bool(results.users and results.models)  # without users there are no figures
    return SurfaceSection(
        name=results.name,
        users=count(results.users),
        tiles=_tiles(results) if is_usable else [],
        conclusions=_conclusions(results) if is_usable else [],
        heads=[f"{name}@{k}" for name in METRICS.values() for k in CUTOFFS],
        rows=[(model, _cells(results, model, metrics)) for model in results.models],
        models=models_chart(results) if is_usable else "",
        segments=groups_chart(results, SEGMENTS) if is_usable else "",
        activity=groups_chart(results, ACTIVITY) if is_usable else "",
        activity_table=activity_table(results),
        item_groups=groups_chart(results, ITEM_GROUPS) if is_usable else "",
        item_groups_table=item_groups_table(results),
        character=character_chart(results) if is_usable else "",
        character_table=character_table(results),
        importance=importance_chart(results.name, importance),
    )


def _tiles(results: SurfaceResults) -> list[Tile]:
    rivals = [
        Tile(f"against {rival}", ratio(results.lift(rival)), "its NDCG@20") for rival in RIVALS
    ]
    ceiling = results.figure("candidate_recall")
    recall = decimals(results.value(RANKER, "recall@20"), 3)
    return [
        Tile(
            "NDCG@20 of the ranker",
            decimals(results.value(RANKER, HEADLINE), 3),
            between(results.interval(RANKER, HEADLINE), 3),
        ),
        *rivals,
        Tile("cost of the rules", decimals(results.rules_cost), "NDCG@20"),
        Tile("ceiling of recall", percent(ceiling), f"candidates; recall@20 is {recall}"),
    ]


def _conclusions(results: SurfaceResults) -> list[str]:
    rules = conclude_rules(results)
    truth, sold = results.figure("truth_items_mean"), results.figure("items_sold")
    sentences = [_compare(results, rival) for rival in RIVALS if rival in results.models]
    sentences.append(f"{rules[0].upper()}{rules[1:]} NDCG@20 for what is shown.")
    sentences.append(
        f"Candidates hold {percent(results.figure('candidate_recall'))} of what users went on to "
        "choose: no ranker over them can recall more."
    )
    if truth is not None and sold is not None:
        sentences.append(
            f"A user chose {truth:.1f} items on average, out of {count(int(sold))} sold before."
        )
    return sentences


def _compare(results: SurfaceResults, rival: str) -> str:
    overlap = "the intervals are apart" if results.is_apart(rival) else "the intervals overlap"
    return f"The ranker has {ratio(results.lift(rival))} the NDCG@20 of {rival}; {overlap}."


def _cells(results: SurfaceResults, model: str, metrics: Sequence[str]) -> list[Cell]:
    return [
        Cell(
            value=decimals(results.value(model, metric), 3),
            interval=between(results.interval(model, metric), 3),
            is_best=_is_best(results, model, metric),
        )
        for metric in metrics
    ]


def _is_best(results: SurfaceResults, model: str, metric: str) -> bool:
    values = [results.value(other, metric) for other in results.models]
    value = results.value(model, metric)
    return value is not None and value == max(v for v in values if v is not None)
