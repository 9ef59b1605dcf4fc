"""Lineage as a picture whose boxes are links: what is read stands left of what reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

Reads = Mapping[str, Sequence[str]]  # table → tables that it reads; those of the lake read none

_BOX, _ROW, _GAP = 26, 34, 44  # height of a box, of a row; room for the lines between columns
_LETTER, _PADDING = 6.7, 20  # width of a letter of the monospaced font, and around a name
_SWEEPS = 4


@dataclass(frozen=True)
class _Place:
    x: float
    y: float
    width: float


def family_graph(name: str, reads: Reads, kinds: Mapping[str, str]) -> str:
    """Everything that *name* is made of, and everything that is made of it."""
    ancestors = _reach(name, reads)
    descendants = _reach(name, _readers(reads))
    return draw_graph({name, *ancestors, *descendants}, reads, kinds, name)


def draw_graph(names: Iterable[str], reads: Reads, kinds: Mapping[str, str], chosen: str) -> str:
    """The tables *names* and who reads whom as `<svg>`; *chosen* stands out, if it is a table.

    *kinds* is the folder of each table, its colour.
    """
    shown = set(names)
    inner = {name: [up for up in reads.get(name, ()) if up in shown] for name in sorted(shown)}
    places = _arrange(inner)
    width = max(place.x + place.width for place in places.values())
    height = max(place.y for place in places.values()) + _BOX
    lines = "".join(_line(places, up, name) for name, ups in inner.items() for up in ups)
    boxes = "".join(
        _box(name, place, kinds.get(name, "lake"), name == chosen)
        for name, place in sorted(places.items(), key=lambda pair: (pair[1].x, pair[1].y))
    )
    described = f"Lineage of {chosen}" if chosen else "Lineage of all tables"
    return (
        f'<svg class="graph" viewBox="-2 -2 {width + 4:.0f} {height + 4:.0f}" '
        f'width="{width + 4:.0f}" height="{height + 4:.0f}" role="group" '
        f'aria-label="{escape(described)}">{lines}{boxes}</svg>'
    )


def _arrange(reads: Reads) -> dict[str, _Place]:
    """Columns by the longest way from the lake; rows so that lines are short."""
    levels = _levels(reads)
    columns = [
        [n for n in reads if levels[n] == level] for level in range(max(levels.values()) + 1)
    ]
    readers = _readers(reads)
    for sweep in range(_SWEEPS):
        near = reads if sweep % 2 == 0 else readers
        rows = {name: row for column in columns for row, name in enumerate(column)}
        columns = [sorted(c, key=lambda n: (_middle(near.get(n, ()), rows, n), n)) for c in columns]
    tallest = max(map(len, columns))
    places: dict[str, _Place] = {}
    x = 0.0
    for column in columns:
        width = max(len(name) for name in column) * _LETTER + _PADDING
        first = (tallest - len(column)) * _ROW / 2
        places |= {name: _Place(x, first + row * _ROW, width) for row, name in enumerate(column)}
        x += width + _GAP
    return places


def _middle(near: Sequence[str], rows: Mapping[str, int], name: str) -> float:
    return sum(rows[n] for n in near) / len(near) if near else float(rows[name])


def _levels(reads: Reads) -> dict[str, int]:
    levels: dict[str, int] = {}

    def level(name: str) -> int:
        if name not in levels:
            levels[name] = 1 + max((level(up) for up in reads[name]), default=-1)
        return levels[name]

    for name in reads:
        level(name)
    return levels


def _readers(reads: Reads) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, ups in reads.items():
        for up in ups:
            found.setdefault(up, []).append(name)
    return found


def _reach(name: str, ways: Mapping[str, Sequence[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = set(ways.get(waiting.pop(), ())) - found
        found |= new
        waiting += new
    return found


def _line(places: Mapping[str, _Place], up: str, name: str) -> str:
    start, end = places[up], places[name]
    x1, y1, x2, y2 = start.x + start.width, start.y + _BOX / 2, end.x, end.y + _BOX / 2
    bend = max((x2 - x1) / 2, _GAP / 2)
    path = f"M{x1:.0f} {y1:.0f}C{x1 + bend:.0f} {y1:.0f} {x2 - bend:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"
    return f'<path data-from="{escape(up)}" data-to="{escape(name)}" d="{path}"/>'


def _box(name: str, place: _Place, kind: str, is_chosen: bool) -> str:
    chosen = ' aria-current="true"' if is_chosen else ""
    return (
        f'<a href="#{escape(name)}" class="{escape(kind)}"{chosen}>'
        f'<rect x="{place.x:.0f}" y="{place.y:.0f}" width="{place.width:.0f}" height="{_BOX}" '
        f'rx="6"/><text x="{place.x + _PADDING / 2:.0f}" y="{place.y + 17:.0f}">{escape(name)}'
        "</text></a>"
    )
