"""Item numbers to what an answer says of them: blocks of a version's catalogue, never changing."""

from __future__ import annotations

import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from json.encoder import encode_basestring
from typing import Any

from serving.sight.trips import trip
from store.keys import VersionKeys
from store.trip import Trips

log = logging.getLogger("nightshelf.serving")


class Row:
    """What an answer shows of an item, as it stands in JSON, since most of it goes out as it is."""

    __slots__ = ("category", "category_text", "id_text", "item_id", "name", "price", "title_text")

    def __init__(self, item_id: str, title: str, category: str, price: float | None) -> None:
        self.item_id = item_id
        self.category = category
        self.price = price
        self.id_text = encode_basestring(item_id)
        self.title_text = encode_basestring(title)
        self.category_text = encode_basestring(category)
        # What a shopper knows it by; two items of one name are the same item.
        self.name = self.title_text if title else self.id_text


Rows = dict[int, Row]  # by item number


class Catalogue:
    """The blocks read last, at most *capacity* of them, whatever their versions."""

    def __init__(self, trips: Trips, capacity: int) -> None:
        self._trips = trips
        self._capacity = capacity
        self._rows: dict[str, Rows] = {}  # by what the keys of a version start with
        self._read: OrderedDict[tuple[str, int], range] = OrderedDict()  # block → its numbers
        self._damaged: set[str] = set()  # keys that were said to be
        self._lock = threading.Lock()

    def rows(
        self, keys: VersionKeys, block_size: int, numbers: Sequence[int], *, ask: bool = True
    ) -> Rows:
        """The rows of a version that are held, with those of *numbers* that it has.

        One trip for all blocks that are not held, none when all are or without *ask*; the rows are
        not to be changed, and others may come and go in them.
        Raises what the client raises when the store does not answer.
        """
        rows = self._rows.get(keys.prefix)
        if rows is None:
            rows = self._rows.setdefault(keys.prefix, {})
        missing = [number for number in numbers if number not in rows]
        if not missing or not ask:
            return rows
        cold = {number // block_size for number in missing}
        cold = {block for block in cold if (keys.prefix, block) not in self._read}
        # What is asked for must not leave before it is used, even where there is room for none.
        found = {number: rows[number] for number in numbers if number in rows}
        names = {block: keys.catalogue(block) for block in sorted(cold)}
        payloads = []
        if names:
            with trip("catalogue", blocks=len(names)):
                payloads = self._trips.make([("GET", name) for name in names.values()])
        for (block, name), payload in zip(names.items(), payloads, strict=True):
            parsed = None if payload is None else self._parse(name, payload)
            if parsed is not None:  # a block that is missing may come back
                numbered = dict(enumerate(parsed, block * block_size))
                found.update(numbered)
                self._keep(keys.prefix, block, numbered)
        return found

    def forget(self) -> None:
        """Let go of every block."""
        with self._lock:
            self._rows.clear()
            self._read.clear()

    def _parse(self, name: str, payload: Any) -> list[Row] | None:
        """The rows of a block; of a damaged one None, and the log says so once."""
        try:
            return [
                Row(str(item_id), str(title or ""), str(category or ""), price)
                for item_id, title, category, price in json.loads(payload)
            ]
        except (ValueError, TypeError) as error:
            if name not in self._damaged:
                self._damaged.add(name)
                log.error("%s cannot be read, leaving its items out: %s", name, error)
            return None

    def _keep(self, prefix: str, block: int, rows: Rows) -> None:
        with self._lock:
            self._rows.setdefault(prefix, {}).update(rows)
            self._read[prefix, block] = range(min(rows, default=0), max(rows, default=-1) + 1)
            while len(self._read) > self._capacity:
                self._let_go(*self._read.popitem(last=False))

    def _let_go(self, block: tuple[str, int], numbers: range) -> None:
        held = self._rows.get(block[0], {})
        for number in numbers:
            held.pop(number, None)
        if not held:
            self._rows.pop(block[0], None)
