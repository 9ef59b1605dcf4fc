"""What changed files would do to lists, as tables of texts, the first row a heading."""

from __future__ import annotations

from pipelines.authoring.diff_lists_result import ListChange, ShownUser, SurfaceDiff
from pipelines.authoring.diff_lists_verdict import verdict
from pipelines.evaluation.wording import decimals, percent, signed

Rows = list[list[str]]


def figure_rows(diff: SurfaceDiff) -> Rows:
    """Metrics of both rankers on the evaluated window; the heading alone where nobody came back."""
    rows = [["figure", "then", "now", "difference", "interval", "retrained", "verdict"]]
    for metric, figure in diff.figures.items():
        low, high = figure.interval
        rows.append(
            [
                f"{metric}, {figure.users} users",
                decimals(figure.live),
                decimals(figure.tonight),
                signed(figure.difference),
                f"{signed(low)} … {signed(high)}",
                signed(diff.figures_floor[metric].difference),
                verdict(diff, metric),
            ]
        )
    return rows


def importance_rows(diff: SurfaceDiff) -> Rows:
    """Share of the gain of all trees that each column of the changed tables has."""
    rows = [["importance", "then", "now"]]
    return rows + [[name, percent(a), percent(b)] for name, (a, b) in diff.importance.items()]


def list_rows(diff: SurfaceDiff) -> Rows:
    """How far lists moved, of all users of the sample and by segment; in brackets retrained."""
    rows = [["users", "of", "overlap@10", "overlap@20", "the same", "places moved"]]
    named = {"all": diff.lists, **diff.segments}
    floors = {"all": diff.lists_floor, **diff.segments_floor}
    return rows + [_list_row(name, named[name], floors[name]) for name in named]


def item_rows(diff: SurfaceDiff) -> Rows:
    """Items that more, or fewer, of the users have among their first ten."""
    moved = [*diff.gained, *reversed(diff.lost)]
    return [["item", "lists"], *([item.named(), signed(n, 0)] for item, n in moved)]


def user_rows(user: ShownUser, width: int | None = None) -> Rows:
    """One user's lists side by side, and what happened to each item that is there now.

    Titles are cut at *width*.
    """
    rows = [["", "then", "now", ""]]
    for place in range(max(len(user.then), len(user.now))):
        then = user.then[place].named(width) if place < len(user.then) else ""
        now = user.now[place].named(width) if place < len(user.now) else ""
        rows.append([str(place + 1), then, now, _mark(user, place)])
    return rows


def _list_row(name: str, change: ListChange, floor: ListChange) -> list[str]:
    return [
        str(change.users),
        name,
        f"{percent(change.overlap_10)} ({percent(floor.overlap_10)})",
        f"{percent(change.overlap_20)} ({percent(floor.overlap_20)})",
        f"{percent(change.same)} ({percent(floor.same)})",
        f"{decimals(change.moved, 1)} ({decimals(floor.moved, 1)})",
    ]


def _mark(user: ShownUser, place: int) -> str:
    """Of the item that is now at *place*: new here, up, down, or nothing."""
    if place >= len(user.now):
        return ""
    if user.now[place] not in user.then:
        return "new"
    moved = user.then.index(user.now[place]) - place
    return f"{'up' if moved > 0 else 'down'} {abs(moved)}" if moved else ""
