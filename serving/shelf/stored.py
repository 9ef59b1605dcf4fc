"""What a version has for one user on one surface: it never changes, so it can be kept."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from serving.lists.shown import Shown
from store.had import unpack_had
from store.packed import PackedList

Note = Callable[[str, Exception], None]  # what is damaged, and how
Key = tuple[str, str, str]  # version, surface, user id


class UserRow(NamedTuple):
    """What the night knows of a user; nothing of somebody it has not heard of."""

    segment: str | None = None
    had: int = 0  # bits of what the user had, of the items of shared lists
    last_items: tuple[str, ...] = ()  # of the events that the night saw, newest first
    top_categories: tuple[str, ...] = ()  # most bought first


@dataclass
class Stored:
    """A user's list and row; the row is read only where somebody asks, as few do."""

    bucket: int  # the user's: what a log may say of whose it is
    packed: PackedList | None
    row_data: bytes | None
    note: Note
    # The first entries of the list in words, and how many entries that took.
    shown: tuple[int, tuple[Shown, ...]] = (0, ())

    @cached_property
    def row(self) -> UserRow:
        """The user's row; a damaged one is noted and counts as none."""
        if self.row_data is None:
            return UserRow()
        try:
            return _read_row(self.row_data)
        except (ValueError, TypeError, AttributeError) as error:
            self.note(f"a row of users in bucket {self.bucket}", error)
            return UserRow()

    @property
    def segment(self) -> str | None:
        """The user's segment, where there is one."""
        return self.row.segment


class HotLists:
    """Who was asked for last, at most *capacity* of them, whatever their versions.

    Without a lock, since each step is one operation of a dictionary: threads may forget one user
    more than they had to.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._held: OrderedDict[Key, Stored] = OrderedDict()

    def get(self, key: Key) -> Stored | None:
        """What is held under *key*, which counts as asked for."""
        found = self._held.get(key)
        if found is not None:
            with suppress(KeyError):  # another thread may have let go of it
                self._held.move_to_end(key)
        return found

    def keep(self, key: Key, stored: Stored) -> None:
        """Hold *stored*, for which the one asked for longest ago may have to go."""
        self._held[key] = stored
        if len(self._held) > self._capacity:
            with suppress(KeyError):
                self._held.popitem(last=False)

    def let_go(self, of_user: Callable[[str], bool]) -> None:
        """Hold nothing any more of those users for whom *of_user* is true."""
        for key in list(self._held):
            if of_user(key[2]):
                self._held.pop(key, None)


def _read_row(data: bytes) -> UserRow:
    row = json.loads(data)
    segment = row.get("segment")
    return UserRow(
        segment if isinstance(segment, str) else None,
        unpack_had(row.get("had", "")),
        _texts(row.get("last_items", [])),
        _texts(row.get("top_categories", [])),
    )


def _texts(values: object) -> tuple[str, ...]:
    """*values* themselves; raises `TypeError` or `ValueError` unless they are a list of texts."""
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError(f"found {type(values).__name__}; expected a list of texts")
    for value in values:
        value.encode("utf-8")  # half a surrogate pair is no text
    return tuple(values)
