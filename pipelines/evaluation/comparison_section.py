"""What the report, and the end of the night, say of tonight against the live version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.evaluation.results import HEADLINE
from pipelines.evaluation.wording import count, decimals, percent, signed

_METRICS = {"ndcg@20": "NDCG@20", "recall@20": "Recall@20"}


@dataclass(frozen=True)
class FigureRow:
    """One metric of one surface, in both runs."""

    surface: str
    metric: str
    users: str
    live: str
    tonight: str
    difference: str
    interval: str
    verdict: str


@dataclass(frozen=True)
class ListsRow:
    """How much of the live lists of one surface is left."""

    surface: str
    users: str
    overlap_10: str
    overlap_20: str
    changed: str
    only_tonight: str
    only_live: str


@dataclass(frozen=True)
class ComparisonSection:
    """Everything that the page shows of the comparison, as text."""

    live: str  # version; empty without one
    model: str
    confidence: str
    reasons: Sequence[str]  # why something could not be compared
    figures: Sequence[FigureRow]
    lists: Sequence[ListsRow]


def build_comparison(comparison: Mapping[str, Any], names: Sequence[str]) -> ComparisonSection:
    """*comparison* (the content of `comparison.json`) as rows, surfaces in the order *names*."""
    surfaces = _in_order(comparison, names)
    return ComparisonSection(
        live=comparison["live"] or "",
        model=comparison["model"],
        confidence=f"{comparison['confidence'] * 100:g} %",
        reasons=_reasons(comparison, surfaces),
        figures=[
            _figure_row(name, metric, found["figures"][metric])
            for name, found in surfaces.items()
            for metric in _METRICS
            if metric in found["figures"]
        ],
        lists=[
            _lists_row(name, found["lists"]) for name, found in surfaces.items() if found["lists"]
        ],
    )


def comparison_lines(comparison: Mapping[str, Any], names: Sequence[str]) -> str:
    """The comparison in a line a surface, for terminals and logs."""
    surfaces = _in_order(comparison, names)
    lines = [
        f"{name}: {_conclude(found['figures'][HEADLINE])}"
        for name, found in surfaces.items()
        if found["figures"]
    ]
    return "\n".join([*lines, *_reasons(comparison, surfaces)])


def _conclude(figure: Mapping[str, Any]) -> str:
    low, high = figure["interval"]
    return (
        f"against the live version {figure['verdict']}, NDCG@20 {signed(figure['difference'])} "
        f"({signed(low)} … {signed(high)}, {count(figure['users'])} users)"
    )


def _in_order(comparison: Mapping[str, Any], names: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    stored = comparison["surfaces"]
    first = [name for name in names if name in stored]
    return {name: stored[name] for name in (*first, *sorted(set(stored) - set(first)))}


def _reasons(comparison: Mapping[str, Any], surfaces: Mapping[str, Mapping[str, Any]]) -> list[str]:
    whole = [f"Not comparable with the live version: {comparison['reason']}."]
    parts = [
        f"{name}: not comparable with the live version: {found['reason']}."
        for name, found in surfaces.items()
        if found["reason"]
    ]
    return whole if comparison["reason"] else parts


def _figure_row(surface: str, metric: str, figure: Mapping[str, Any]) -> FigureRow:
    low, high = figure["interval"]
    return FigureRow(
        surface=surface,
        metric=_METRICS[metric],
        users=count(figure["users"]),
        live=decimals(figure["live"]),
        tonight=decimals(figure["tonight"]),
        difference=signed(figure["difference"]),
        interval=f"{signed(low)} … {signed(high)}",
        verdict=figure["verdict"],
    )


def _lists_row(surface: str, found: Mapping[str, Any]) -> ListsRow:
    return ListsRow(
        surface=surface,
        users=count(found["users"]),
        overlap_10=percent(found["overlap@10"]),
        overlap_20=percent(found["overlap@20"]),
        changed=percent(found["changed@20"]),
        only_tonight=count(found["users_only_tonight"]),
        only_live=count(found["users_only_live"]),
    )
