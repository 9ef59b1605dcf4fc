"""One recommended item with everything that an answer says about it, but its rank and tier."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, cast

from serving.lists.reasons import HasSegment, Reasons
from serving.shelf.catalogue import Row, Rows
from store.packed import Entry


class Shown(NamedTuple):
    """An item of a list; texts are JSON."""

    row: Row
    score: float
    reason: str  # an object of code, text, item_id
    source: str  # the generator that ranked it best
    had: bool = False  # whether the user had the item before; not shown


# What `Shown(*values)` does, without a call in Python for each.
_new_shown = cast("Callable[[tuple[Any, ...]], Shown]", partial(tuple.__new__, Shown))


def show(
    entries: Sequence[Entry],
    rows: Rows,
    reasons: Reasons,
    sources: Sequence[str],
    whose: HasSegment,
) -> tuple[list[Shown], bool]:
    """*entries* in words, without those whose item is not among *rows* of the catalogue.

    And whether any row was missing, be it of an item that a reason speaks of.
    """
    found, lacks = [], False
    write = reasons.write
    for number, score, reason, source, about, had in entries:
        row = rows.get(number)
        about_row = None if about is None else rows.get(about)
        lacks |= row is None or (about_row is None and about is not None)
        if row is not None:
            why = write(reason, row, about_row, whose)
            found.append(_new_shown((row, round(score, 6), why, sources[source], had)))
    return found, lacks


def numbers_of(entries: Sequence[Entry]) -> list[int]:
    """The item numbers that *entries* in words takes."""
    abouts = [entry.reason_item for entry in entries if entry.reason_item is not None]
    return [entry.number for entry in entries] + abouts
