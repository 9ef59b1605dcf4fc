"""What changed files would do to lists, as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipelines.authoring.diff_lists import SurfaceDiff
from pipelines.authoring.diff_lists_rows import (
    Rows,
    figure_rows,
    importance_rows,
    list_rows,
    user_rows,
)
from pipelines.authoring.diff_text import align
from pipelines.evaluation.wording import signed

_WIDTH = 34  # of a title
NOBODY = "nobody of the sample came back in the evaluated window: there is nothing to judge by"


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
        shortened = [[cell[:_WIDTH] for cell in row] for row in user_rows(user)]
        yield from (f"  {line}" for line in _table(shortened))


def _table(rows: Rows) -> Iterator[str]:
    yield from (f"  {line}" for line in align(rows))


def _named(items: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{title} ({signed(n, 0)})" for title, n in items)
