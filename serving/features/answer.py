"""Feature values as the body of an answer: stored JSON text goes out as it came in.

Nothing is decoded and encoded again, which is most of what such an answer would cost.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from serving.features.wish import FeatureWish
from serving.lists.provenance import Provenance
from store.features import MISSING, NULL

Cells = Sequence[bytes]

PRESENT, IS_NULL, NOT_FOUND, STALE = b'"present"', b'"null"', b'"not_found"', b'"stale"'


def write_answer(
    wish: FeatureWish, found: Mapping[str, Cells], provenance: Provenance, now: datetime
) -> bytes:
    """The body for *wish*; *found* has the cells of those ids that have any.

    *now* is aware; values of a table are stale when they were published longer before it than
    the table's `max_age`.
    """
    writer = _Writer(wish, stale_tables(wish, provenance, now))
    names = [_text(entity_id) for entity_id in wish.ids]
    rows = [writer.choose(found.get(entity_id)) for entity_id in wish.ids]
    values = [b"%b:%b" % (name, writer.values(row)) for name, row in zip(names, rows, strict=True)]
    states = [b"%b:%b" % (name, writer.status(row)) for name, row in zip(names, rows, strict=True)]
    members = {
        "kind": _text(wish.kind.name),
        "features": b"{%b}" % b",".join(values),
        "status": b"{%b}" % b",".join(states),
        "computed_at": _text(provenance.generated_at),
        "published_at": _text(provenance.published_at),
        "version": _text(provenance.version),
    }
    return b"{%b}" % b",".join(b"%b:%b" % (_text(key), text) for key, text in members.items())


def stale_tables(wish: FeatureWish, provenance: Provenance, now: datetime) -> frozenset[str]:
    """Tables of the wish's kind that were published longer ago than they may be."""
    limits = {table.name: table.max_age for table in wish.kind.tables}
    return frozenset(
        name for name, age in limits.items() if age is not None and provenance.is_stale(age, now)
    )


class _Writer:
    """How the answer to one wish is written, worked out once for all of its entities."""

    def __init__(self, wish: FeatureWish, stale: frozenset[str]) -> None:
        self._places = [wish.kind.places[feature] for feature in wish.features]
        self._nothing = (MISSING,) * len(self._places)
        self._form = b"{%b}" % b",".join(b"%b:%%b" % _text(name) for name in wish.features)
        # Of cells with a value: the word for each, and what stands for all of them.
        tables = (feature.partition(".")[0] for feature in wish.features)
        self._words = [STALE if table in stale else PRESENT for table in tables]
        self._whole = self._write(self._words)

    def choose(self, cells: Cells | None) -> tuple[bytes, ...]:
        """The cells that the wish names, of all *cells* of one entity."""
        if cells is None:
            return self._nothing
        return tuple([cells[place] for place in self._places])

    def values(self, row: tuple[bytes, ...]) -> bytes:
        """Feature → value."""
        if MISSING in row:
            row = tuple([cell or NULL for cell in row])
        return self._form % row

    def status(self, row: tuple[bytes, ...]) -> bytes:
        """One word where it is true of every feature, else feature → word."""
        if MISSING not in row and NULL not in row:
            return self._whole
        return self._write([_word(cell, word) for cell, word in zip(row, self._words, strict=True)])

    def _write(self, words: list[bytes]) -> bytes:
        return words[0] if len(set(words)) == 1 else self._form % tuple(words)


def _word(cell: bytes, word: bytes) -> bytes:
    if cell == MISSING:
        return NOT_FOUND
    return IS_NULL if cell == NULL and word == PRESENT else word


def _text(value: str | None) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
