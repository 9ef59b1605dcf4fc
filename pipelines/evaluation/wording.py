"""Numbers as people read them: the same wording in the table, the page and its pictures."""

from __future__ import annotations

MISSING = "–"


def decimals(value: float | None, places: int = 4) -> str:
    """*value* with *places* decimals; a dash when there is none."""
    return MISSING if value is None else f"{value:.{places}f}"


def percent(share: float | None) -> str:
    """*share* (1 = all) in percent."""
    return MISSING if share is None else f"{share:.1%}".replace("%", " %")


def ratio(value: float | None) -> str:
    """How many times one figure is another."""
    return MISSING if value is None else f"{value:.2f} ×"


def between(interval: tuple[float, float] | None, places: int = 4) -> str:
    """An interval as `low–high`; metrics are never negative, so the dash is no minus."""
    if interval is None:
        return MISSING
    low, high = interval
    return f"{low:.{places}f}–{high:.{places}f}"


def count(number: int) -> str:
    """*number* with its thousands apart."""
    return f"{number:,}"
