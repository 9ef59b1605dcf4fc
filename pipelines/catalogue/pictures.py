"""The distribution of a column as a small picture: SVG that takes the colours of the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from pipelines.drift.bins import N_CATEGORIES, Bins
from pipelines.drift.distribution import TEXT, Distribution
from pipelines.evaluation.wording import percent

WIDTH, HEIGHT = 200, 44  # of the bars, in the units of the picture
_ROW = 15  # height of a category
_SHOWN_CATEGORIES = 5
_MIN_BAR = 1.0  # a bin with any value is seen


def picture(now: Distribution, before: Distribution | None, name: str) -> str:
    """The bars of *now* and, as a line, those of *before* where their edges are the same.

    Empty when there is no value to draw.
    """
    if now.kind == TEXT:
        return _categories(now.top[:_SHOWN_CATEGORIES], name)
    if now.picture is None or not now.picture.shares:
        return ""
    line = before.picture if before and before.picture else None
    is_alike = line is not None and line.edges == now.picture.edges and bool(line.shares)
    return _histogram(now.picture, line.shares if line and is_alike else (), name)


def _histogram(bins: Bins, before: Sequence[float], name: str) -> str:
    used = [n for n, share in enumerate(bins.shares) if share or (before and before[n])]
    first, last = used[0], used[-1] + 1  # outermost bins of nothing would only take room
    now, before = bins.shares[first:last], before[first:last]
    top = max([*now, *before])
    step = WIDTH / len(now)
    bars = "".join(_bar(n, share, step, top) for n, share in enumerate(now) if share)
    described = f"{name}: histogram of {len(now)} bins"
    return (
        f'<svg class="histogram" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(described)}"><path class="bars" d="{bars}"/>'
        f"{_outline(before, step, top)}</svg>"
    )


def _bar(n: int, share: float, step: float, top: float) -> str:
    height = max(share / top * (HEIGHT - 2), _MIN_BAR)
    return f"M{n * step + 0.5:.1f} {HEIGHT}v-{height:.1f}h{step - 1:.1f}v{height:.1f}z"


def _outline(shares: Sequence[float], step: float, top: float) -> str:
    if not shares:
        return ""
    heights = [HEIGHT - share / top * (HEIGHT - 2) for share in shares]
    path = f"M0 {heights[0]:.1f}" + "".join(f"V{y:.1f}h{step:.1f}" for y in heights)
    return f'<path class="before" d="{path}"/>'


def unshown(now: Distribution) -> str:
    """How many texts have no bar of their own, and their share; empty when all have one."""
    rest = len(now.top) - _SHOWN_CATEGORIES
    if now.kind != TEXT or rest <= 0:
        return ""
    share = 1 - sum(share for _, share in now.top[:_SHOWN_CATEGORIES])
    # No more texts than these are kept by name: there may be others.
    number = f"at least {rest}" if len(now.top) == N_CATEGORIES else str(rest)
    return f"and {number} more, {percent(share)} of the values"


def _categories(top: Sequence[tuple[str, float]], name: str) -> str:
    if not top:
        return ""
    most = max(share for _, share in top)
    rows = "".join(_category(n, text, share, most) for n, (text, share) in enumerate(top))
    return (
        f'<svg class="categories" viewBox="0 0 {WIDTH} {_ROW * len(top)}" role="img" '
        f'aria-label="{escape(name)}: the most frequent values">{rows}</svg>'
    )


def _category(n: int, text: str, share: float, most: float) -> str:
    shown = text if len(text) <= 26 else f"{text[:25]}…"
    return (
        f'<rect class="bars" x="0" y="{n * _ROW + 1}" width="{share / most * WIDTH:.1f}" '
        f'height="{_ROW - 2}"/><text x="4" y="{n * _ROW + 11}">{escape(shown)}</text>'
        f'<text class="share" x="{WIDTH - 3}" y="{n * _ROW + 11}">{share:.0%}</text>'
    )


def figure(value: float | None) -> str:
    """*value* in few digits; a dash when there is none."""
    if value is None:
        return "–"
    if value and not 1e-3 <= abs(value) < 1e7:
        return f"{value:.2g}"
    places = 0 if abs(value) >= 100 or value == math.floor(value) else 2
    if 0 < abs(value) < 1:
        places = 1 - math.floor(math.log10(abs(value)))  # two digits that say something
    return f"{value:,.{places}f}".replace("-", "−")
