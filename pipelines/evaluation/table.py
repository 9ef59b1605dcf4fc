"""The evaluation as plain text, for terminals and logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.evaluation.results import HEADLINE, RIVALS, RULED, SurfaceResults, surface_results
from pipelines.evaluation.wording import between, count, decimals, percent, ratio

_NUMBERS = 2  # columns before the numbers, which stand to the right


def evaluation_table(evaluation: Mapping[str, Any], names: Sequence[str] = ()) -> str:
    """A line a surface and model, then what the ranker gains and what the rules cost.

    *evaluation* is the content of `evaluation.json`, *names* are its surfaces in the order to
    show; no newline at the end.
    """
    surfaces = surface_results(evaluation, names)
    confidence = f"{evaluation['confidence'] * 100:g} % interval"
    head = ["surface", "model", "NDCG@20", confidence, "recall@20", "coverage@20"]
    rows = [_row(results, model) for results in surfaces for model in results.models]
    conclusions = [f"{results.name}: {conclude(results)}" for results in surfaces]
    return "\n".join([*_align([head, *rows]), "", *conclusions])


def conclude(results: SurfaceResults) -> str:
    """The ranker's lift over its rivals and the cost of the rules, in a sentence."""
    if not results.users:
        return "no user to evaluate on"
    lifts = [f"{ratio(results.lift(rival))} {rival}" for rival in RIVALS]
    return (
        f"ranker has {' and '.join(lifts)} (NDCG@20, {count(results.users)} users); "
        f"{conclude_rules(results)}"
    )


def conclude_rules(results: SurfaceResults) -> str:
    """What the rules of the lists take from the ranker, or give it, in a sentence."""
    cost, relative = results.rules_cost, results.relative_rules_cost
    if cost is None:
        return "the cost of the rules is not known"
    verb = "cost" if cost >= 0 else "gain"
    share = None if relative is None else abs(relative)
    ruled = decimals(results.value(RULED, HEADLINE))
    return f"the rules {verb} {decimals(abs(cost))} ({percent(share)}), leaving {ruled}"


def _row(results: SurfaceResults, model: str) -> list[str]:
    return [
        results.name,
        model,
        decimals(results.value(model, HEADLINE)),
        between(results.interval(model, HEADLINE)),
        decimals(results.value(model, "recall@20")),
        percent(results.value(model, "coverage@20")),
    ]


def _align(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if place >= _NUMBERS else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines
