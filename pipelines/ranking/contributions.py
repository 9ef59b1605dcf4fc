"""What the ranker's trees say for and against the first items of a list, within a budget."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.candidates.fit import load_history
from pipelines.candidates.known import GENERATORS
from pipelines.files import replacing
from pipelines.index import Index
from pipelines.inputs import run_cutoffs
from pipelines.interactions import FloatArray, IntArray
from pipelines.lists.rules import Rules, load_rules
from pipelines.lists.settings import ListSettings
from pipelines.moments import NightSettings
from pipelines.ranking.crosses import DESCRIPTIONS
from pipelines.ranking.feature_columns import training_tables
from pipelines.ranking.matrix import POSITION
from pipelines.ranking.ranker import Ranker
from pipelines.runs import Run
from pipelines.surfaces import SurfacesSettings

TOP = 3  # contributions that an explanation names
FOUND_BY = "generator."  # beginning of the name of what a generator's columns say together
SCHEMA = pa.schema(
    {
        "user": pa.int32(),
        "item": pa.int32(),
        "features": pa.list_(pa.uint16(), TOP),  # positions in `feature_names`
        "shares": pa.list_(pa.float32(), TOP),  # 0 where there are fewer
    }
)


@dataclass
class Explainer:
    """Explains what it is shown of the ranked candidates, and keeps it until it is written."""

    ranker: Ranker
    rules: Rules
    users: IntArray  # ascending; nobody else's items are explained
    kept: int  # candidates of a user that a list may be made of
    per_list: int  # items of a list
    threads: int
    seconds: float = 0.0
    _parts: list[pa.Table] = field(default_factory=list)

    def explain(
        self,
        users: IntArray,
        items: IntArray,
        scores: FloatArray,
        rows: np.ndarray,
        matrix: FloatArray,
    ) -> None:
        """Explains the first of the candidates, by user and best first, that the rules let through.

        *rows* are the places of the candidates in *matrix* (float32, with the ranker's columns).
        """
        started = time.perf_counter()
        mine = np.flatnonzero(np.isin(users, self.users) & (_place(users) < self.kept))
        listed = mine[self.rules.select(users[mine], items[mine], scores[mine])]
        listed = listed[_place(users[listed]) < self.per_list]
        if len(listed):
            features, shares = explain_rows(self.ranker, matrix[rows[listed]], self.threads)
            self._parts.append(
                pa.table(
                    [
                        users[listed],
                        items[listed],
                        pa.FixedSizeListArray.from_arrays(features.ravel(), TOP),
                        pa.FixedSizeListArray.from_arrays(shares.ravel(), TOP),
                    ],
                    schema=SCHEMA,
                )
            )
        self.seconds += time.perf_counter() - started

    def write(self, path: Path) -> int:
        """Writes what was explained to *path*; the number of items."""
        table = pa.concat_tables([SCHEMA.empty_table(), *self._parts])
        with replacing(path) as beside:
            pq.write_table(table, beside, compression="zstd")
        return int(table.num_rows)


def open_explainer(run: Run, index: Index, surface: str, ranker: Ranker, *, kept: int) -> Explainer:
    """The explainer of a surface's lists of the night, for as many users as the budget allows.

    Lists are made of the first *kept* candidates of each user.
    """
    lists = run.settings.read(ListSettings)
    shown = run.settings.read(SurfacesSettings)[surface]
    return Explainer(
        ranker,
        load_rules(index, lists, shown),
        affordable_users(run, surface, ranker),
        kept,
        min(lists.explain_items, shown.length),
        run.settings.read(NightSettings).threads,
    )


def explained_path(run: Run, surface: str, shard: int) -> Path:
    return run.path("candidates", surface, f"explained-{shard:04d}.parquet")


def affordable_users(run: Run, surface: str, ranker: Ranker) -> IntArray:
    """Numbers, ascending, of the users whose lists are explained: those with most items first.

    Counted in steps through trees and not in seconds, so that the same night explains the same
    lists on every machine and in any number of shards. A candidate counts wherever it was
    proposed, an explanation by the depths of all leaves.
    """
    lists = run.settings.read(ListSettings)
    items_had = np.diff(load_history(run, run_cutoffs(run).night).indptr)
    users = np.flatnonzero(items_had)
    proposed = sum(run.settings.read(SurfacesSettings)[surface].generators.values())
    price = lists.explain_items * count_steps(ranker) / lists.explain_steps
    budget = lists.explain_budget * proposed * len(users)
    affordable = min(len(users), int(budget / price)) if price else 0
    most = np.lexsort((users, -items_had[users]))[:affordable]
    return np.sort(users[most]).astype(np.int32)


def count_steps(ranker: Ranker) -> int:
    """The depths of all leaves of all trees: what the exact contributions of a row cost."""
    trees = ranker.booster.dump_model()["tree_info"]
    return sum(depth for tree in trees for depth in _leaf_depths(tree["tree_structure"]))


def feature_names(columns: Sequence[str]) -> list[str]:
    """What *columns* are called in an explanation: all that a generator says is one thing."""
    return list(dict.fromkeys(map(_feature_of, columns)))


def describe_features(run: Run, names: Sequence[str]) -> list[dict[str, str]]:
    """For each of *names* the words for people: of a SQL file's header, or who found the item."""
    words = {
        f"{file.name}.{column}": text
        for file in training_tables(run)
        for column, text in file.header.columns.items()
    }
    found_by = {FOUND_BY + name: f"Found by {name}" for name in GENERATORS}
    described = words | found_by | DESCRIPTIONS | {POSITION: "Place at which it was shown"}
    return [{"feature": name, "description": described.get(name, name)} for name in names]


def explain_rows(ranker: Ranker, matrix: FloatArray, threads: int) -> tuple[Any, Any]:
    """(rows × `TOP`) positions in `feature_names`, uint16, and signed shares, float32.

    Largest first; shares are of the sum of all sizes, so that they lie between -1 and 1.
    """
    grouped = group_contributions(ranker, matrix, threads)
    # Every item is scored at one place: it says nothing for or against any of them.
    named = np.array([name != POSITION for name in feature_names(ranker.columns)])
    grouped = grouped * named
    top = np.argsort(-np.abs(grouped), axis=1, kind="stable")[:, :TOP]
    total = np.maximum(np.abs(grouped).sum(axis=1, keepdims=True), 1e-30)
    features = np.zeros((len(matrix), TOP), dtype=np.uint16)
    shares = np.zeros((len(matrix), TOP), dtype=np.float32)
    features[:, : top.shape[1]] = top
    shares[:, : top.shape[1]] = np.take_along_axis(grouped, top, axis=1) / total
    return features, shares


def group_contributions(ranker: Ranker, matrix: FloatArray, threads: int) -> Any:
    """(rows × `feature_names`) exact contributions (Lundberg et al. 2018), float64.

    With the expected score they sum to the raw score of the row.
    """
    names = feature_names(ranker.columns)
    group = [names.index(_feature_of(column)) for column in ranker.columns]
    found = ranker.booster.predict(matrix, pred_contrib=True, num_threads=threads)
    grouped = np.zeros((len(names), len(matrix)))
    np.add.at(grouped, group, np.asarray(found)[:, :-1].T)
    return grouped.T


def _feature_of(column: str) -> str:
    kind, _, name = column.partition(".")
    says = kind in ("score", "rank", "share") and name in GENERATORS
    return FOUND_BY + name if says else column


def _leaf_depths(node: dict[str, Any], depth: int = 0) -> Iterator[int]:
    if "left_child" in node:
        yield from _leaf_depths(node["left_child"], depth + 1)
        yield from _leaf_depths(node["right_child"], depth + 1)
    else:
        yield depth


def _place(users: IntArray) -> np.ndarray:
    """0, 1, 2 … within each run of one user."""
    starts = np.flatnonzero(np.diff(users, prepend=-1))
    return np.arange(len(users)) - np.repeat(starts, np.diff(np.r_[starts, len(users)]))
