"""Training sets: any table of entities and moments, joined to what was known at each moment.

One rule decides everything. A snapshot as of T has seen events before T, so a row of moment m may
take features of the newest T ≤ m: they come from events strictly before m. A label as of T is what
happened in [T, T + horizon), so a row may take it at T = m alone: it comes from events at or after
m. No event is on both sides of a row.
"""

from pipelines.training_sets.historical import HistoricalFeatures, historical_features
from pipelines.training_sets.spine import SpineError

__all__ = ["HistoricalFeatures", "SpineError", "historical_features"]
