"""What the values of one column look like, as it stands in `distributions.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from pipelines.drift.bins import Bins, Categories

# Kinds: number; moment (days before the cutoff); length (of a list); text (truth as well);
# other, of which only nulls are counted.
NUMBER, MOMENT, LENGTH, TEXT, OTHER = "number", "moment", "length", "text", "other"
NUMERIC = (NUMBER, MOMENT, LENGTH)
OUTGROWN = 0.5  # share of values that the bins do not tell apart


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """One column of one table; shares are of the rows that were looked at."""

    kind: str
    null_share: float
    values: int  # looked at and not null
    stats: Mapping[str, float] = field(default_factory=dict)  # mean, std, min, p05 … p95, max
    bins: Bins | None = None  # of numbers, for PSI
    picture: Bins | None = None  # of numbers, bars of equal width
    categories: Categories | None = None  # of texts, for PSI
    top: tuple[tuple[str, float], ...] = ()  # of texts: tonight's most frequent and their shares

    @property
    def shares(self) -> tuple[float, ...]:
        """What PSI compares: shares by bin; empty without values or for another kind."""
        found = self.bins or self.categories
        return found.shares if found else ()

    @property
    def divisions(self) -> tuple[float, ...] | tuple[str, ...]:
        """What divides the bins; shares of other divisions cannot be compared."""
        if self.bins is not None:
            return self.bins.edges
        return self.categories.values if self.categories else ()

    @property
    def is_outgrown(self) -> bool:
        """Whether most values are below or above all edges, or texts without a bin of their own."""
        if self.bins is not None:
            return bool(self.shares) and max(self.shares[0], self.shares[-1]) > OUTGROWN
        return sum(share for text, share in self.top if text not in self.divisions) > OUTGROWN


@dataclass(frozen=True, kw_only=True)
class TableDistribution:
    """Every column of one table that is not of its grain."""

    folder: str
    definition: str  # hash of the SQL that made it; the header is no part of it
    cutoff: datetime  # the night; of labels the newest moment whose labels are known
    rows: int
    sampled_rows: int
    newest: datetime | None  # event that the table may use
    columns: Mapping[str, Distribution]


def dump_table(table: TableDistribution) -> dict[str, Any]:
    """*table* as JSON has it."""
    moments = {
        "cutoff": table.cutoff.isoformat(),
        "newest": table.newest.isoformat() if table.newest else None,
    }
    return {**asdict(table), **moments}


def parse_table(stored: Mapping[str, Any]) -> TableDistribution:
    """The reverse of `dump_table`."""
    newest = stored["newest"]
    return TableDistribution(
        **{
            **stored,
            "cutoff": datetime.fromisoformat(stored["cutoff"]),
            "newest": datetime.fromisoformat(newest) if newest else None,
            "columns": {name: _parse(column) for name, column in stored["columns"].items()},
        }
    )


def _parse(stored: Mapping[str, Any]) -> Distribution:
    return Distribution(
        **{
            **stored,
            "bins": _bins(stored["bins"]),
            "picture": _bins(stored["picture"]),
            "categories": _categories(stored["categories"]),
            "top": tuple((value, share) for value, share in stored["top"]),
        }
    )


def _bins(stored: Mapping[str, Any] | None) -> Bins | None:
    return Bins(tuple(stored["edges"]), tuple(stored["shares"])) if stored else None


def _categories(stored: Mapping[str, Any] | None) -> Categories | None:
    return Categories(tuple(stored["values"]), tuple(stored["shares"])) if stored else None
