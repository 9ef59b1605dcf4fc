"""What users were shown in a label window, and whether they took it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix

from pipelines.collected import ORDER_SLACK
from pipelines.index import Index
from pipelines.inputs import received_before, run_cutoffs, run_lake
from pipelines.interactions import BoolArray, FloatArray, IntArray
from pipelines.lake import Lake
from pipelines.runs import Run
from settings.events import EventSettings

_QUERY = Path(__file__).with_name("sql") / "shown_items.sql"


@dataclass(frozen=True)
class Shown:
    """Items shown on one surface, by page view and item number; one row an item of a view."""

    users: IntArray  # ascending
    items: IntArray
    positions: FloatArray  # 1 is the first of the whole list
    is_taken: BoolArray  # the user acted on it there
    page_views: IntArray  # ascending; one user's each

    def take(self, rows: np.ndarray) -> Shown:
        """The rows that *rows* (a mask or positions) selects."""
        columns = (self.users, self.items, self.positions, self.is_taken, self.page_views)
        return Shown(*(column[rows] for column in columns))

    def taken_pairs(self, shape: tuple[int, int]) -> csr_matrix:
        """users × items of *shape*, above 0 where the user acted on the item on some page."""
        rows = self.take(self.is_taken)
        ones = np.ones(len(rows.users), dtype=np.float32)
        matrix = csr_matrix((ones, (rows.users, rows.items)), shape=shape)
        matrix.sort_indices()
        return matrix


def load_shown(run: Run, index: Index, surface: str, cutoff: datetime) -> Shown | None:
    """What *surface* showed in the label window of *cutoff*; None when nobody was shown anything.

    Only what the run's lake had when it was opened, and only what happened within the window,
    clicks included: a later one is not known to whoever stands at the window's end.
    """
    return read_shown(
        run_lake(run),
        index,
        surface,
        (cutoff, cutoff + run_cutoffs(run).horizon),
        received_before(run, run.as_of),
        telling_types(run),
    )


def telling_types(run: Run) -> list[str]:
    """Event types that say that a user wants an item: those with a weight."""
    weights = run.settings.read(EventSettings).weights
    return [name for name, weight in weights.items() if weight > 0]


def read_shown(
    lake: Lake,
    index: Index,
    surface: str,
    window: tuple[datetime, datetime],
    received_before: datetime,
    types: Sequence[str],
) -> Shown | None:
    """What *surface* showed from the one moment of *window* until before the other.

    Events of *types* with the id of a list are acting on it.
    None when the lake knows of nothing; users and items that *index* lacks are left out.
    """
    since, until = window
    impressions = lake.impression_files(before=until)
    if not impressions:
        return None
    with duckdb.connect(config={"threads": "1"}) as connection:
        connection.read_parquet(list(map(str, impressions))).create_view("impressions")
        connection.read_parquet(list(map(str, lake.event_files(before=until)))).create_view(
            "events"
        )
        for name, ids in (("user", index.users["user_id"]), ("item", index.items["item_id"])):
            numbers = pa.array(np.arange(len(ids), dtype=np.int32))
            connection.register(f"{name}s", pa.table({f"{name}_id": ids, "number": numbers}))
        binds = {
            "surface": surface,
            "cutoff": since,
            "until": until,
            "received_before": received_before,
            "slack": ORDER_SLACK,
            "types": list(types),
        }
        rows = connection.sql(_QUERY.read_text(encoding="utf-8"), params=binds).fetchnumpy()
    if len(rows["page_view"]) == 0:
        return None
    return Shown(
        users=rows["user_number"].astype(np.int32),
        items=rows["item_number"].astype(np.int32),
        positions=rows["position"].astype(np.float32),
        is_taken=rows["is_taken"].astype(bool),
        page_views=rows["page_view"].astype(np.int32),
    )
