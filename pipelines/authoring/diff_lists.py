"""`features diff --lists`: figures and lists of a sample of users, from both folders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.authoring.changes import WITH_ROWS, Change
from pipelines.authoring.diff_base import Base
from pipelines.authoring.lists_side import (
    RememberedSource,
    build_side,
    open_side,
    sample_users,
    train_side,
    window_of,
)
from pipelines.candidates.generate import open_candidates
from pipelines.candidates.generator import NO_ITEM
from pipelines.evaluation.list_changes import DEPTH, shared_share
from pipelines.evaluation.metrics import find_hits, metrics_of_users
from pipelines.evaluation.paired import PairedFigure, pair_figures
from pipelines.evaluation.settings import EvaluationSettings
from pipelines.evaluation.user_figures import COMPARED
from pipelines.features.build import features_directory
from pipelines.features.database import user_segments
from pipelines.features.folder import load_folder
from pipelines.index import Index, load_index
from pipelines.inputs import run_cutoffs
from pipelines.interactions import IntArray
from pipelines.lists.rules import load_rules
from pipelines.lists.settings import ListSettings
from pipelines.moments import NightSettings
from pipelines.ranking.feature_columns import open_features_of
from pipelines.ranking.score import Ranked, rank_users
from pipelines.ranking.train import open_ranker
from pipelines.runs import Run
from pipelines.surfaces import SurfacesSettings

SHOWN_ITEMS = 10  # of a user's list, and of the items that lists gain and lose
_EXAMPLES = {"changed most": 1.0, "typical": 0.5, "changed least": 0.0}  # share of users below


@dataclass(frozen=True, kw_only=True)
class ListChange:
    """How the lists of some users differ: means over the users."""

    users: int
    overlap_10: float  # share of the first ten that both have
    overlap_20: float
    same: float  # share of users whose first 20 are the same in the same order
    moved: float | None  # places that an item on both lists moved, on average


@dataclass(frozen=True, kw_only=True)
class ShownUser:
    """One user's lists of titles, then and now, side by side."""

    meaning: str
    user_id: str
    segment: str
    then: Sequence[str]
    now: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class SurfaceDiff:
    """What the changed files would do on one surface."""

    surface: str
    figures: Mapping[str, PairedFigure]  # by metric; live is then, tonight is now
    lists: ListChange
    segments: Mapping[str, ListChange]
    gained: Sequence[tuple[str, int]]  # title, how many more lists have it among the first ten
    lost: Sequence[tuple[str, int]]
    importance: Mapping[str, tuple[float | None, float | None]]  # of columns of changed tables
    shown: Sequence[ShownUser]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class _Side:
    run: Run
    ranked: dict[tuple[str, str], Ranked] = field(default_factory=dict)  # by surface and purpose


def diff_lists(
    run: Run, base: Base, changes: Sequence[Change], n_users: int, scratch: Path
) -> list[SurfaceDiff]:
    """Trains on both folders for the same at most *n_users* users, and compares what comes of it.

    Everything is written below *scratch*; *run* stays as it is.

    Raises `SqlFileError` when a file fails, `DiffError` when *run* lacks a generator.
    """
    index = load_index(run)
    folder = features_directory(run.settings)
    folders = {"then": (base.directory, base.files), "now": (folder, load_folder(folder))}
    sides = {name: _Side(open_side(run, at, scratch / name)) for name, (at, _) in folders.items()}
    tables = {
        name: build_side(sides[name].run, files, scratch / "snapshots")
        for name, (_, files) in folders.items()
    }
    users = sample_users(run, index, tables["now"], n_users)
    ids = index.user_ids[users].tolist()
    with ThreadPoolExecutor(run.settings.read(NightSettings).threads) as pool:
        training = [
            pool.submit(train_side, sides[name].run, files, tables[name], ids)
            for name, (_, files) in folders.items()
        ]
        _wait(training)
        both = list(sides.values())
        _wait([pool.submit(_rank, both, index, at, users) for at in ("evaluated", "night")])
    return [
        _compare(surface, sides["then"], sides["now"], index, users, changes)
        for surface in run.settings.read(SurfacesSettings).names
    ]


def _wait(work: Sequence[Future[None]]) -> None:
    """Until all of *work* is done; raises what went wrong in it."""
    for done in work:
        done.result()


def _rank(sides: Sequence[_Side], index: Index, purpose: str, users: IntArray) -> None:
    """Ranks the candidates of *users* on every surface, the same ones for both sides."""
    cutoffs = run_cutoffs(sides[0].run)
    cutoff = cutoffs.night if purpose == "night" else cutoffs.evaluation
    surfaces = sides[0].run.settings.read(SurfacesSettings)
    sources = {
        name: RememberedSource(**vars(open_candidates(sides[0].run, surface, cutoff)))
        for name, surface in surfaces.items()
    }
    for side in sides:
        rankers = {name: open_ranker(side.run, name, purpose) for name in surfaces.names}
        vocabulary = rankers[surfaces.names[0]].vocabulary  # of all: they were trained together
        features = open_features_of(side.run, index, cutoff, users, vocabulary)
        for name, ranker in rankers.items():
            side.ranked[name, purpose] = rank_users(
                side.run, index, name, cutoff, users, ranker, sources[name], features
            )


def _compare(
    surface: str,
    then: _Side,
    now: _Side,
    index: Index,
    users: IntArray,
    changes: Sequence[Change],
) -> SurfaceDiff:
    before, after = (_night_lists(side, index, surface, users) for side in (then, now))
    segments = user_segments(now.run, index, now.run.as_of)[users]
    gained, lost = _moved_items(before, after, index)
    return SurfaceDiff(
        surface=surface,
        figures=dict(_figures(surface, then, now, index, users)),
        lists=_change(before, after),
        segments={
            str(segment): _change(before[segments == segment], after[segments == segment])
            for segment in np.unique(segments)
        },
        gained=gained,
        lost=lost,
        importance=_importance(surface, then, now, changes),
        shown=list(_shown(before, after, index, users, segments)),
    )


def _night_lists(side: _Side, index: Index, surface: str, users: IntArray) -> IntArray:
    """The first items that readers would see, rules applied; users × `DEPTH`."""
    settings = side.run.settings.read(SurfacesSettings)[surface]
    rules = load_rules(index, side.run.settings.read(ListSettings), settings)
    ranked = side.ranked[surface, "night"]
    shown = ranked.take(rules.select(ranked.users, ranked.items, ranked.scores))
    return shown.first_items(users, DEPTH)


def _figures(
    surface: str, then: _Side, now: _Side, index: Index, users: IntArray
) -> Iterator[tuple[str, PairedFigure]]:
    """NDCG@20 and recall@20 of both; what is right is what the labels say now."""
    window, truth = window_of(now.run, index, surface, users)
    if not len(window):
        return
    sizes = np.diff(truth.indptr)[window].astype(np.int32)
    lists = [side.ranked[surface, "evaluated"].first_items(window, DEPTH) for side in (then, now)]
    before, after = (metrics_of_users(find_hits(first, window, truth), sizes) for first in lists)
    settings = now.run.settings.read(EvaluationSettings)
    seed = now.run.settings.read(NightSettings).seed
    for metric in COMPARED:
        yield metric, pair_figures(before[metric], after[metric], settings, seed)


def _change(before: IntArray, after: IntArray) -> ListChange:
    """Users whose lists are empty on both sides count as having the same."""
    with_items = (before[:, 0] != NO_ITEM) | (after[:, 0] != NO_ITEM)
    one, other = before[with_items], after[with_items]
    return ListChange(
        users=len(before),
        overlap_10=_mean(shared_share(one[:, :10], other[:, :10])),
        overlap_20=_mean(shared_share(one, other)),
        same=_mean((before == after).all(axis=1)),
        moved=_mean_move(one, other),
    )


def _mean(values: np.ndarray) -> float:
    return round(float(values.mean()), 4) if len(values) else 1.0


def _mean_move(before: IntArray, after: IntArray) -> float | None:
    alike = (before[:, :, None] == after[:, None, :]) & (before != NO_ITEM)[:, :, None]
    _, place, other = np.nonzero(alike)
    return round(float(np.abs(place - other).mean()), 3) if len(place) else None


def _moved_items(
    before: IntArray, after: IntArray, index: Index
) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """Items by how many more, or fewer, lists have them among the first ten."""
    counts = [
        np.bincount(lists[:, :10][lists[:, :10] != NO_ITEM], minlength=index.n_items)
        for lists in (before, after)
    ]
    more = counts[1] - counts[0]
    order = np.argsort(-more, kind="stable")[:SHOWN_ITEMS]
    fewer = np.argsort(more, kind="stable")[:SHOWN_ITEMS]
    gained = [(_title(index, item), int(more[item])) for item in order if more[item] > 0]
    lost = [(_title(index, item), int(more[item])) for item in fewer if more[item] < 0]
    return gained, lost


def _importance(
    surface: str, then: _Side, now: _Side, changes: Sequence[Change]
) -> dict[str, tuple[float | None, float | None]]:
    """Share of the gain of each column of the changed tables, the greatest first."""
    old, new = (open_ranker(side.run, surface, "night").importance() for side in (then, now))
    changed = {change.name for change in changes if change.kind in WITH_ROWS}
    mine = [name for name in old | new if name.partition(".")[0] in changed]
    ranked = sorted(mine, key=lambda name: (-max(old.get(name, 0), new.get(name, 0)), name))
    return {name: (old.get(name), new.get(name)) for name in ranked}


def _shown(
    before: IntArray, after: IntArray, index: Index, users: IntArray, segments: np.ndarray
) -> Iterator[ShownUser]:
    alike = shared_share(before, after) + (before == after).mean(axis=1)
    order = np.argsort(-alike, kind="stable")
    for meaning, share in _EXAMPLES.items():
        row = int(order[round(share * (len(order) - 1))])
        yield ShownUser(
            meaning=meaning,
            user_id=str(index.user_ids[users[row]]),
            segment=str(segments[row]),
            then=_titles(before[row], index),
            now=_titles(after[row], index),
        )


def _titles(items: IntArray, index: Index) -> list[str]:
    return [_title(index, item) for item in items[:SHOWN_ITEMS] if item != NO_ITEM]


def _title(index: Index, item: int) -> str:
    title = index.items["title"][int(item)].as_py()
    return str(title or index.item_ids[item])
