"""Bins of a column: chosen once, then kept from run to run, so that their shares compare."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

N_PICTURED = 24  # bars of equal width between the rare values at both ends
N_CATEGORIES = 20
DECILES = tuple(tenth / 10 for tenth in range(11))
TAILS = (0.01, 0.99)


@dataclass(frozen=True)
class Bins:
    """Shares of the values that are not null, by bin; they add up to 1 or there is no value.

    Of numbers: up to and with each edge, and above the last one: a share more than edges.
    """

    edges: tuple[float, ...]
    shares: tuple[float, ...]


def stable_edges(quantiles: Sequence[float]) -> tuple[float, ...]:
    """Edges for PSI from the *quantiles* at `DECILES`: about as many rows between any two.

    The first and the last bin are outside of everything seen so far, and empty at first.
    """
    below = math.nextafter(quantiles[0], -math.inf)
    return tuple(sorted({below, *quantiles}))


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
