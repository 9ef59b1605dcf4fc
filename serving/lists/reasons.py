"""Why an item is shown, in words: the templates of a version's manifest, filled in as JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring
from typing import Protocol

from serving.shelf.catalogue import Row

_PLACE = re.compile(r"\{(category|segment|item)\}")
_NOBODY_S_SEGMENT = "your group"
_NO_ITEM = "another item"
_ITEM = ("item",)


class HasSegment(Protocol):
    """Whoever a list is for: a user, or everybody of a segment."""

    @property
    def segment(self) -> str | None:
        """The segment, where there is one."""


class Reasons:
    """The reasons of one version, each with its template taken apart once.

    The same few items explain most of the others, so that what was written is kept: at most
    *capacity* texts.
    """

    def __init__(self, reasons: Sequence[Mapping[str, str]], *, capacity: int = 100_000) -> None:
        self._forms = [_take_apart(reason["code"], reason["text"]) for reason in reasons]
        self._capacity = capacity
        self._written: dict[tuple[int, Row | None, str], str] = {}

    def __len__(self) -> int:
        return len(self._forms)

    def write(self, code: int, row: Row, about: Row | None, whose: HasSegment) -> str:
        """The reason of place *code* for showing *row*, a JSON object of code, text and item_id.

        *about* is the user's own item that it speaks of.
        """
        form, places = self._forms[code]
        rest = "" if not places or places == _ITEM else _differs(places, row, whose)
        key = (code, about, rest)
        text = self._written.get(key)
        if text is None:
            about_id = "null" if about is None else about.id_text
            text = form % (*[_fill(place, row, about, whose) for place in places], about_id)
            if len(self._written) >= self._capacity:
                self._written.clear()
            self._written[key] = text
        return text


def _differs(places: tuple[str, ...], row: Row, whose: HasSegment) -> str:
    """What the text depends on beside the item that it speaks of."""
    category = row.category_text if "category" in places else ""
    return f"{category} {whose.segment!r}" if "segment" in places else category


def _take_apart(code: str, text: str) -> tuple[str, tuple[str, ...]]:
    """The reason as a form for `%`, its last value the item's id, and the places of its text."""
    parts = _PLACE.split(text)
    literals = [_inner(part).replace("%", "%%") for part in parts[::2]]
    quoted = encode_basestring(code).replace("%", "%%")
    form = f'{{"code": {quoted}, "text": "{"%s".join(literals)}", "item_id": %s}}'
    return form, tuple(parts[1::2])


def _fill(place: str, row: Row, about: Row | None, whose: HasSegment) -> str:
    if place == "item":
        return _NO_ITEM if about is None else about.title_text[1:-1]
    if place == "category":
        return row.category_text[1:-1]
    return _inner(whose.segment or _NOBODY_S_SEGMENT)


def _inner(text: str) -> str:
    """*text* as it stands between the quotes of a JSON string."""
    return encode_basestring(text)[1:-1]
