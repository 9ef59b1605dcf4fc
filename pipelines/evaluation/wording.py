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


def signed(value: float | None, places: int = 4) -> str:
    """*value* with its sign, so that a difference reads as one; none before zeros."""
    if value is None:
        return MISSING
    text = f"{value:+.{places}f}".replace("-", "−")
    return text if text.strip("+−0.") else text[1:]


def signed_percent(share: float | None) -> str:
    """*share* (1 = all) in percent, with its sign."""
    return MISSING if share is None else f"{share:+.0%}".replace("-", "−").replace("%", " %")


def count(number: int) -> str:
    """*number* with its thousands apart."""
    return f"{number:,}"
