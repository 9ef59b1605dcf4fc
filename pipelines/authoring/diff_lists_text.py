"""What changed files would do to lists, as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipelines.authoring.diff_lists_result import ListsDiff, ShownItem, SurfaceDiff
from pipelines.authoring.diff_lists_rows import (
    Rows,
    figure_rows,
    importance_rows,
    list_rows,
    user_rows,
)
from pipelines.authoring.diff_lists_verdict import NOBODY, conclusions, notes
from pipelines.authoring.diff_text import align
from pipelines.evaluation.wording import signed

_WIDTH = 26  # of a title


def lists_lines(found: ListsDiff) -> Iterator[str]:
    """Every surface, after how to read them and before what they decide."""
    yield f"trained on users of run {found.run}, which stays as it is"
    yield from notes(found)
    for surface in found.surfaces:
        yield from surface_lines(surface)
    yield from conclusions(found)


def surface_lines(diff: SurfaceDiff) -> Iterator[str]:
    """Figures, importance, lists by segment, items, and three users of one surface."""
    yield f"surface {diff.surface}"
    yield from _table(figure_rows(diff)) if diff.figures else [f"  {NOBODY}"]
    if diff.importance:
        yield from _table(importance_rows(diff))
    yield from _table(list_rows(diff))
    for word, items in (("more", diff.gained), ("fewer", diff.lost)):
        if items:
            yield f"  on {word} lists: {_named(items)}"
    for user in diff.shown:
        yield f"  user {user.user_id} ({user.segment}), {user.meaning}"
        yield from (f"  {line}" for line in _table(user_rows(user, _WIDTH)))


def _table(rows: Rows) -> Iterator[str]:
    yield from (f"  {line}" for line in align(rows))


def _named(items: Sequence[tuple[ShownItem, int]]) -> str:
    return ", ".join(f"{item.named()} ({signed(n, 0)})" for item, n in items)
