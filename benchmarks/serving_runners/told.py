"""What was found, as a table, and beside what was wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.serving_runners.contenders import FASTAPI, FLASK
from benchmarks.serving_runners.feast_contenders import FEAST, FEAST_LISTS
from benchmarks.serving_runners.figures import PERSONAL, Figures

COLUMNS = ("per_second", "p50_ms", "p99_ms", "bytes_each", "failed", PERSONAL, "server_cpu_us")
BYTES_PER_ITEM = 13.0
# Uniform users: our answers a second divided by theirs, at least; our p99 by theirs, at most.
PER_SECOND = {FLASK: 1.0, FASTAPI: 0.5, FEAST: 5.0, FEAST_LISTS: 5.0}
P99 = {FASTAPI: 0.5}


def print_table(
    pattern: str,
    figures: Mapping[str, Figures],
    ratio: Mapping[str, float],
    held: Mapping[str, Any],
) -> None:
    """One line a contender, how often ours is as fast at its end; then what went wrong."""
    head = " ".join(f"{name:>13}" for name in (*COLUMNS, "pss_mib", "ours/this"))
    print(f"{pattern + ' users':16} {head}")
    for name, one in figures.items():
        cells = [_cell(one, column) for column in COLUMNS]
        cells += [_cell(held[name] or {}, "pss_mib"), f"{ratio.get(name, 1.0):13.3f}"]
        print(f"{name:16} {' '.join(cells)}")
    for name, one in figures.items():
        if one["failed"]:
            print(f"{name}: {one['failed']:.0f} requests failed: its figures do not count")
        if one.get(PERSONAL, 1.0) < 1.0:
            print(f"{name}: not every answer was the user's own list, so that some cost less")


def _cell(figures: Mapping[str, float], column: str) -> str:
    digits = 3 if column == PERSONAL else 1
    return f"{figures[column]:13,.{digits}f}" if column in figures else " " * 13


def goals(
    per_second: Mapping[str, float], p99: Mapping[str, float], bytes_per_item: float
) -> dict[str, dict[str, Any]]:
    """Each goal whose contenders ran: what was wanted, what was found, whether it is reached."""
    found = {
        f"per_second/{name}": (at_least, per_second[name], per_second[name] >= at_least)
        for name, at_least in PER_SECOND.items()
        if name in per_second
    }
    found |= {
        f"p99/{name}": (at_most, p99[name], p99[name] <= at_most)
        for name, at_most in P99.items()
        if name in p99
    }
    found["bytes_per_item"] = (BYTES_PER_ITEM, bytes_per_item, bytes_per_item <= BYTES_PER_ITEM)
    return {
        name: {"wanted": wanted, "found": value, "reached": reached}
        for name, (wanted, value, reached) in found.items()
    }
