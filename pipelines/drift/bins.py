"""Bins of a column: chosen once, then kept from run to run, so that their shares compare."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

N_PICTURED = 24  # bars of equal width between the rare values at both ends
N_CATEGORIES = 20
DECILES = tuple(tenth / 10 for tenth in range(11))
TAILS = (0.01, 0.99)
NEARLY = 0.01  # of a number that is not whole: values this near to each other share a bin


@dataclass(frozen=True)
class Bins:
    """Shares of the values that are not null, by bin; they add up to 1 or there is no value.

    Of numbers: up to and with each edge, and above the last one: a share more than edges.
    """

    edges: tuple[float, ...]
    shares: tuple[float, ...]


def reach(value: float, *, whole: bool) -> float:
    """The largest value that falls into one bin with *value*: those nearly the same do."""
    return value if whole else value + NEARLY * abs(value)


def stable_edges(
    least: float, gaps: Sequence[tuple[float, float | None]], *, whole: bool
) -> tuple[float, ...]:
    """Edges for PSI: below the *least* value, and in the middle of *gaps* between neighbours.

    Of the last gap only one side is there. No edge is at a value: a share of the users is k/N, and
    with one user more or less all rows of one k would be on its other side. The first and the
    last bin are outside of everything seen so far, and empty at first.
    """
    edges = {least - _margin(least, gaps[0][1], whole=whole)}
    for low, high in gaps:
        edges.add(low + _margin(low, None, whole=whole) if high is None else (low + high) / 2)
    return tuple(sorted(edges))


def _margin(value: float, following: float | None, *, whole: bool) -> float:
    """How far out of all that was seen a bin begins: more than values that are nearly the same."""
    if whole:
        return 0.5
    half_gap = 0.0 if following is None else (following - value) / 2
    return max(half_gap, NEARLY * abs(value), math.ulp(value))


def pictured_edges(low: float, high: float, *, whole: bool) -> tuple[float, ...]:
    """Edges of at most `N_PICTURED` bars of equal width from *low* to *high*, and one below.

    Of *whole* numbers each bar has as many of them as every other: no teeth that are not there.
    """
    if low == high:
        return math.nextafter(low, -math.inf), low
    if whole:
        width = math.ceil((high - low + 1) / N_PICTURED)
        return tuple(float(edge) for edge in range(int(low) - 1, int(high) + width, width))
    step = (high - low) / N_PICTURED
    return (*(low + step * n for n in range(N_PICTURED)), high)


def shares_between(edges: Sequence[float], counts: Mapping[float, int]) -> Bins:
    """The bins of *edges* from how many values each upper edge has; infinity: above the last."""
    total = sum(counts.values())
    found = [counts.get(edge, 0) for edge in (*edges, math.inf)]
    return Bins(tuple(edges), tuple(n / total for n in found) if total else ())


@dataclass(frozen=True)
class Categories:
    """Shares of texts: of each of *values*, and last of all others together."""

    values: tuple[str, ...]
    shares: tuple[float, ...]


def shares_of_values(values: Sequence[str], counts: Mapping[str, int]) -> Categories:
    """The share of each of *values* among all that were counted."""
    total = sum(counts.values())
    named = [counts.get(value, 0) for value in values]
    found = [*named, total - sum(named)]
    return Categories(tuple(values), tuple(n / total for n in found) if total else ())


def most_frequent(counts: Mapping[str, int]) -> list[str]:
    """At most `N_CATEGORIES` texts, the most frequent first."""
    return sorted(counts, key=lambda value: (-counts[value], value))[:N_CATEGORIES]
