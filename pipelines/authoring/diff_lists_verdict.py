"""What a diff of lists decides and what it does not, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipelines.authoring.diff_lists_result import ListsDiff, SurfaceDiff
from pipelines.evaluation.paired import BETTER, NOT_DECIDED, WORSE, PairedFigure
from pipelines.evaluation.wording import MISSING, count, percent

NOBODY = "nobody of the sample came back in the evaluated window: there is nothing to judge by"
BY_CHANCE = "no more than a retraining"
_A_NIGHT = "`python -m pipelines night --dry-run`, which trains on and judges all users"
_MORE = 4  # times the users of this sample
_NEARLY_ALL = 0.8  # share of the users from which on one may as well take all


def verdict(surface: SurfaceDiff, metric: str) -> str:
    """Better or worse beyond chance than both trainings of then, and by more than they differ."""
    figure = surface.figures[metric]
    is_larger = abs(figure.difference) > abs(surface.figures_floor[metric].difference)
    if figure.verdict == NOT_DECIDED or (
        is_larger and surface.figures_again[metric].verdict == figure.verdict
    ):
        return figure.verdict
    return BY_CHANCE


def notes(found: ListsDiff) -> list[str]:
    """On what lists were compared, and how to read what follows."""
    start, end = found.window
    of_users = (
        f"{count(found.users)} of the {count(found.known_users)} users with a label there: enough "
        "to see lists move or break, few for a small gain"
        if found.users < found.known_users
        else f"all {count(found.users)} users with a label there"
    )
    return [
        f"figures: labels of {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}; lists: as of "
        f"{found.night:%Y-%m-%d %H:%M}; {of_users}",
        "retrained, or in brackets: the files of then with another seed, which changes nothing; "
        "each tree draws the columns it may use, and a new column changes the draw as a seed does",
    ]


def conclusions(found: ListsDiff) -> Iterator[str]:
    """A sentence a surface, and what to do next."""
    decided = {surface.surface: _decide(surface) for surface in found.surfaces}
    for surface in found.surfaces:
        figures = _changes(surface.figures) if surface.figures else NOBODY
        yield f"{surface.surface}: {decided[surface.surface]} ({figures}); {_moved(surface)}"
    yield f"next: {_next(found, decided)}"


def _decide(surface: SurfaceDiff) -> str:
    """Worse where any figure is, better where one is and none is worse."""
    said = {verdict(surface, metric) for metric in surface.figures}
    for word in (WORSE, BETTER):
        if word in said:
            return word
    return NOT_DECIDED


def _changes(figures: Mapping[str, PairedFigure]) -> str:
    return ", ".join(f"{name} {_relative(figure)}" for name, figure in figures.items())


def _relative(figure: PairedFigure) -> str:
    """The difference as a share of what it was, with its sign."""
    if not figure.live:
        return MISSING
    text = f"{figure.difference / figure.live:+.1%}".replace("-", "−").replace("%", " %")
    return text if text.strip("+−0. %") else text[1:]


def _moved(surface: SurfaceDiff) -> str:
    """How far lists moved, beside how far a retraining moves them, and whether that is more."""
    now, floor = surface.lists, surface.lists_floor
    beside = f"overlap@10 {percent(now.overlap_10)}, retrained {percent(floor.overlap_10)}"
    if now.overlap_10 == now.same == 1:
        return "no list moves"
    if surface.overlap is not None and surface.overlap.verdict == WORSE:
        return f"lists move further than by a retraining: {beside}"
    return f"lists move no further than by a retraining: {beside}"


def _next(found: ListsDiff, decided: Mapping[str, str]) -> str:
    worse = ", ".join(name for name, word in decided.items() if word == WORSE)
    if worse:
        return f"worse on {worse}: change the edit, or take it back; where it is right all the " + (
            f"same, see it on {_A_NIGHT}"
        )
    if NOT_DECIDED not in decided.values():
        return _A_NIGHT
    everybody = _MORE * found.users > _NEARLY_ALL * found.known_users
    if found.users == found.known_users:
        return f"these are all users; what is not decided shows over nights: {_A_NIGHT}"
    more = f"{found.known_users}` (all of them)" if everybody else f"{_MORE * found.users}`"
    return f"for what is not decided `--users {more}, or {_A_NIGHT}"
