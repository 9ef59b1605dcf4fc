"""Three shoppers and what they would see: the lists as titles, shelves and reasons."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from pipelines.candidates.fit import load_history
from pipelines.files import read_json
from pipelines.index import Index
from pipelines.inputs import run_cutoffs
from pipelines.lists.listed import listed_path
from pipelines.runs import Run

SHOWN_ITEMS = 10
# Share of the users who know fewer items than the shopper.
KINDS = {"A busy shopper": 0.9, "A typical shopper": 0.5, "A rare shopper": 0.1}


@dataclass(frozen=True)
class ShownItem:
    """One line of a list."""

    title: str
    category: str
    score: float
    reason: str


@dataclass(frozen=True)
class Shopper:
    """A user and the beginning of each list that was made for them."""

    kind: str
    user_id: str
    segment: str
    n_known: int  # distinct items before as_of
    lists: Mapping[str, Sequence[ShownItem]]  # by surface


def pick_shoppers(run: Run, index: Index) -> list[Shopper]:
    """A busy, a typical and a rare shopper by distinct items, fewer when there are fewer users."""
    n_known = np.diff(load_history(run, run_cutoffs(run).night).indptr)
    users = np.argsort(n_known, kind="stable")
    users = users[n_known[users] > 0]
    if not len(users):
        return []
    picked = {int(users[round(share * (len(users) - 1))]): kind for kind, share in KINDS.items()}
    manifest = read_json(run.path("lists", "manifest.json"))
    known = _read_segments(run, [index.user_ids[user] for user in picked])
    segments = {user: known.get(index.user_ids[user], "") for user in picked}
    lists = {
        surface: _read_lists(run, index, surface, segments, manifest["reasons"])
        for surface in manifest["surfaces"]
    }
    return [
        Shopper(
            kind=kind,
            user_id=index.user_ids[user],
            segment=segments[user],
            n_known=int(n_known[user]),
            lists={surface: of_users.get(user, []) for surface, of_users in lists.items()},
        )
        for user, kind in picked.items()
    ]


def _read_lists(
    run: Run,
    index: Index,
    surface: str,
    segments: Mapping[int, str],  # of the users whose lists are wanted
    reasons: Sequence[Mapping[str, str]],
) -> dict[int, list[ShownItem]]:
    wanted = [("user", "in", list(segments)), ("rank", "<=", SHOWN_ITEMS)]
    rows = pq.read_table(listed_path(run.path("lists"), surface), filters=wanted)
    lists: dict[int, list[ShownItem]] = {user: [] for user in segments}
    for row in rows.sort_by([("user", "ascending"), ("rank", "ascending")]).to_pylist():
        lists[row["user"]].append(_describe(index, row, reasons, segments))
    return lists


def _describe(
    index: Index,
    row: Mapping[str, Any],
    reasons: Sequence[Mapping[str, str]],
    segments: Mapping[int, str],
) -> ShownItem:
    title, category = _title(index, row["item"]), _text(index, "category", row["item"])
    because = _title(index, row["reason_item"]) if row["reason_item"] >= 0 else ""
    return ShownItem(
        title=title,
        category=category,
        score=row["score"],
        reason=reasons[row["reason"]]["text"].format(
            item=because, category=category, segment=segments[row["user"]]
        ),
    )


def _title(index: Index, item: int) -> str:
    return _text(index, "title", item) or str(index.item_ids[item])


def _text(index: Index, column: str, item: int) -> str:
    return index.items[column][item].as_py() or ""


def _read_segments(run: Run, user_ids: list[str]) -> dict[str, str]:
    path = run.path("lists", "users.parquet")
    rows = pq.read_table(path, filters=[("user_id", "in", user_ids)])
    values = [json.loads(row)["segment"] for row in rows["row"].to_pylist()]
    return dict(zip(rows["user_id"].to_pylist(), values, strict=True))
