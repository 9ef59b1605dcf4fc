"""What changed files would do to lists, as tables of texts, the first row a heading."""

from __future__ import annotations

from pipelines.authoring.diff_lists import ListChange, ShownUser, SurfaceDiff
from pipelines.evaluation.wording import MISSING, decimals, percent, signed

Rows = list[list[str]]


def figure_rows(diff: SurfaceDiff) -> Rows:
    """Metrics of both rankers on the evaluated window; the heading alone where nobody came back."""
    rows = [["figure", "then", "now", "difference", "interval", "verdict"]]
    for metric, figure in diff.figures.items():
        low, high = figure.interval
        rows.append(
            [
                f"{metric}, {figure.users} users",
                decimals(figure.live),
                decimals(figure.tonight),
                signed(figure.difference),
                f"{signed(low)} … {signed(high)}",
                figure.verdict,
            ]
        )
    return rows


def importance_rows(diff: SurfaceDiff) -> Rows:
    """Share of the gain of all trees that each column of the changed tables has."""
    rows = [["importance", "then", "now"]]
    return rows + [[name, percent(a), percent(b)] for name, (a, b) in diff.importance.items()]


def list_rows(diff: SurfaceDiff) -> Rows:
    """How far lists moved, of all users of the sample and by segment."""
    rows = [["users", "of", "overlap@10", "overlap@20", "the same", "places moved"]]
    named = [("all", diff.lists), *diff.segments.items()]
    return rows + [_list_row(name, change) for name, change in named]


def item_rows(diff: SurfaceDiff) -> Rows:
    """Items that more, or fewer, of the users have among their first ten."""
    moved = [*diff.gained, *reversed(diff.lost)]
    return [["item", "lists"], *([title, signed(n, 0)] for title, n in moved)]


def user_rows(user: ShownUser) -> Rows:
    """One user's lists side by side, and what happened to each item that is there now."""
    rows = [["", "then", "now", ""]]
    for place in range(max(len(user.then), len(user.now))):
        then = user.then[place] if place < len(user.then) else ""
        now = user.now[place] if place < len(user.now) else ""
        rows.append([str(place + 1), then, now, _mark(user, place)])
    return rows


def _list_row(name: str, change: ListChange) -> list[str]:
    return [
        str(change.users),
        name,
        percent(change.overlap_10),
        percent(change.overlap_20),
        percent(change.same),
        MISSING if change.moved is None else f"{change.moved:.1f}",
    ]


def _mark(user: ShownUser, place: int) -> str:
    """Of the item that is now at *place*: new here, up, down, or nothing."""
    if place >= len(user.now):
        return ""
    if user.now[place] not in user.then:
        return "new"
    moved = user.then.index(user.now[place]) - place
    return f"{'up' if moved > 0 else 'down'} {abs(moved)}" if moved else ""
