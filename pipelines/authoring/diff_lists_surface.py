"""One surface under two states of the folder: figures, lists, items and users beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from pipelines.authoring.changes import WITH_ROWS, Change
from pipelines.authoring.diff_lists_result import ListChange, ShownItem, ShownUser, SurfaceDiff
from pipelines.authoring.lists_side import window_of
from pipelines.candidates.generator import NO_ITEM
from pipelines.evaluation.list_changes import DEPTH, shared_share
from pipelines.evaluation.metrics import DoubleArray, find_hits, metrics_of_users
from pipelines.evaluation.paired import PairedFigure, pair_figures
from pipelines.evaluation.settings import EvaluationSettings
from pipelines.evaluation.user_figures import COMPARED
from pipelines.features.database import user_segments
from pipelines.index import Index
from pipelines.interactions import IntArray
from pipelines.lists.rules import load_rules
from pipelines.lists.settings import ListSettings
from pipelines.moments import NightSettings
from pipelines.ranking.score import Ranked
from pipelines.ranking.train import open_ranker
from pipelines.runs import Run
from pipelines.surfaces import SurfacesSettings

SHOWN_ITEMS = 10  # of a user's list, and of the items that lists gain and lose
_EXAMPLES = {"changed most": 1.0, "typical": 0.5, "changed least": 0.0}  # share of users below


@dataclass
class Side:
    """A trained state of the folder."""

    run: Run
    ranked: dict[tuple[str, str], Ranked] = field(default_factory=dict)  # by surface and purpose


def compare_surface(
    surface: str,
    then: Side,
    now: Side,
    again: Side,
    index: Index,
    users: IntArray,
    changes: Sequence[Change],
) -> SurfaceDiff:
    """What *now* makes of *surface* beside *then*, and what *again*, of the same files, does."""
    before, after, retrained = (
        _night_lists(side, index, surface, users) for side in (then, now, again)
    )
    segments = user_segments(now.run, index, now.run.as_of)[users]
    gained, lost = _moved_items(before, after, index)
    return SurfaceDiff(
        surface=surface,
        figures=_figures(surface, (then, now), now.run, index, users),
        figures_floor=_figures(surface, (then, again), now.run, index, users),
        figures_again=_figures(surface, (again, now), now.run, index, users),
        lists=_change(before, after),
        lists_floor=_change(before, retrained),
        overlap=_overlap(before, after, retrained, now.run),
        segments=_by_segment(before, after, segments),
        segments_floor=_by_segment(before, retrained, segments),
        gained=gained,
        lost=lost,
        importance=_importance(surface, then, now, changes),
        shown=list(choose_users(before, after, index, users, segments)),
    )


def _night_lists(side: Side, index: Index, surface: str, users: IntArray) -> IntArray:
    """The first items that readers would see, rules applied; users × `DEPTH`."""
    settings = side.run.settings.read(SurfacesSettings)[surface]
    rules = load_rules(index, side.run.settings.read(ListSettings), settings)
    ranked = side.ranked[surface, "night"]
    shown = ranked.take(rules.select(ranked.users, ranked.items, ranked.scores))
    return shown.first_items(users, DEPTH)


def _figures(
    surface: str, sides: tuple[Side, Side], judge: Run, index: Index, users: IntArray
) -> dict[str, PairedFigure]:
    """NDCG@20 and recall@20 of both *sides*; what is right is what the labels of *judge* say."""
    window, truth = window_of(judge, index, surface, users)
    if not len(window):
        return {}
    sizes = np.diff(truth.indptr)[window].astype(np.int32)
    lists = [side.ranked[surface, "evaluated"].first_items(window, DEPTH) for side in sides]
    before, after = (metrics_of_users(find_hits(first, window, truth), sizes) for first in lists)
    settings = judge.settings.read(EvaluationSettings)
    seed = judge.settings.read(NightSettings).seed
    return {
        metric: pair_figures(before[metric], after[metric], settings, seed) for metric in COMPARED
    }


def _by_segment(before: IntArray, after: IntArray, segments: np.ndarray) -> dict[str, ListChange]:
    return {
        str(segment): _change(before[segments == segment], after[segments == segment])
        for segment in np.unique(segments)
    }


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


def _overlap(
    before: IntArray, after: IntArray, retrained: IntArray, judge: Run
) -> PairedFigure | None:
    """What is left of each user's first ten, beside what a retraining leaves; None: no lists."""
    alike = (shared_share(before[:, :10], other[:, :10]) for other in (retrained, after))
    with_items = (np.stack([before, after, retrained])[:, :, 0] != NO_ITEM).any(axis=0)
    floor, now = (shares[with_items] for shares in alike)
    settings = judge.settings.read(EvaluationSettings)
    seed = judge.settings.read(NightSettings).seed
    return pair_figures(floor, now, settings, seed) if len(now) else None


def _mean(values: np.ndarray) -> float:
    return round(float(values.mean()), 4) if len(values) else 1.0


def _mean_move(before: IntArray, after: IntArray) -> float | None:
    alike = (before[:, :, None] == after[:, None, :]) & (before != NO_ITEM)[:, :, None]
    _, place, other = np.nonzero(alike)
    return round(float(np.abs(place - other).mean()), 3) if len(place) else None


def _moved_items(
    before: IntArray, after: IntArray, index: Index
) -> tuple[list[tuple[ShownItem, int]], list[tuple[ShownItem, int]]]:
    """Items by how many more, or fewer, lists have them among the first ten."""
    counts = [
        np.bincount(lists[:, :10][lists[:, :10] != NO_ITEM], minlength=index.n_items)
        for lists in (before, after)
    ]
    more = counts[1] - counts[0]
    order = np.argsort(-more, kind="stable")[:SHOWN_ITEMS]
    fewer = np.argsort(more, kind="stable")[:SHOWN_ITEMS]
    gained = [(_item(index, item), int(more[item])) for item in order if more[item] > 0]
    lost = [(_item(index, item), int(more[item])) for item in fewer if more[item] < 0]
    return gained, lost


def _importance(
    surface: str, then: Side, now: Side, changes: Sequence[Change]
) -> dict[str, tuple[float | None, float | None]]:
    """Share of the gain of each column of the changed tables, the greatest first."""
    old, new = (open_ranker(side.run, surface, "night").importance() for side in (then, now))
    changed = {change.name for change in changes if change.kind in WITH_ROWS}
    mine = [name for name in old | new if name.partition(".")[0] in changed]
    ranked = sorted(mine, key=lambda name: (-max(old.get(name, 0), new.get(name, 0)), name))
    return {name: (old.get(name), new.get(name)) for name in ranked}


def choose_users(
    before: IntArray, after: IntArray, index: Index, users: IntArray, segments: np.ndarray
) -> Iterator[ShownUser]:
    """Three of *users*, by how many of the items that are shown of them are others."""
    one, other = before[:, :SHOWN_ITEMS], after[:, :SHOWN_ITEMS]
    order = np.lexsort(((one != other).sum(axis=1), _exchanged(one, other)))
    for meaning, share in _EXAMPLES.items():
        row = int(order[round(share * (len(order) - 1))])
        yield ShownUser(
            meaning=meaning,
            user_id=str(index.user_ids[users[row]]),
            segment=str(segments[row]),
            then=_items(one[row], index),
            now=_items(other[row], index),
        )


def _exchanged(one: IntArray, other: IntArray) -> DoubleArray:
    """How many items of the longer list the other one lacks; none where both are empty."""
    longer = np.maximum((one != NO_ITEM).sum(axis=1), (other != NO_ITEM).sum(axis=1))
    with_items = longer > 0
    found = np.zeros(len(one))
    found[with_items] = 1 - shared_share(one[with_items], other[with_items])
    return np.round(found * longer)


def _items(items: IntArray, index: Index) -> list[ShownItem]:
    return [_item(index, item) for item in items if item != NO_ITEM]


def _item(index: Index, item: int) -> ShownItem:
    title = index.items["title"][int(item)].as_py()
    return ShownItem(str(index.item_ids[item]), str(title or ""))
