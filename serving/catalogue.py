"""Item numbers to titles: blocks of a version's catalogue, cached because they never change."""

from __future__ import annotations

import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, NamedTuple

import redis

from serving.sight.trips import trip
from store.keys import VersionKeys

log = logging.getLogger("nightshelf.serving")


class Row(NamedTuple):
    """What an answer shows of an item."""

    item_id: str
    title: str
    category: str
    price: float | None


class Catalogue:
    """The blocks used last, at most *capacity* of them, whatever their versions."""

    def __init__(self, client: redis.Redis, capacity: int) -> None:
        self._client = client
        self._capacity = capacity
        self._blocks: OrderedDict[str, list[Row]] = OrderedDict()  # by key, which names a version
        self._damaged: set[str] = set()  # keys that were said to be
        self._lock = threading.Lock()

    def look_up(self, keys: VersionKeys, block_size: int, numbers: Iterable[int]) -> dict[int, Row]:
        """Item number → row of those *numbers* that the catalogue of this version has.

        One trip for all blocks that are not cached, none when all are.
        Raises what the client raises when the store does not answer.
        """
        wanted = set(numbers)
        blocks = {number // block_size for number in wanted}
        rows = self._read({block: keys.catalogue(block) for block in blocks})
        found = {}
        for number in wanted:
            block, place = divmod(number, block_size)
            if place < len(rows[block]):
                found[number] = rows[block][place]
        return found

    def _read(self, names: dict[int, str]) -> dict[int, list[Row]]:
        found = {}
        with self._lock:
            for block, name in names.items():
                if name in self._blocks:
                    self._blocks.move_to_end(name)
                    found[block] = self._blocks[name]
        cold = [block for block in names if block not in found]
        if not cold:
            return found
        with trip("catalogue", blocks=len(cold)):
            payloads = self._client.mget([names[block] for block in cold])
        for block, payload in zip(cold, payloads, strict=True):
            rows = None if payload is None else self._parse(names[block], payload)
            found[block] = rows or []
            if rows is not None:  # a block that is missing may come back
                self._keep(names[block], rows)
        return found

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

    def _keep(self, name: str, rows: list[Row]) -> None:
        with self._lock:
            self._blocks[name] = rows
            while len(self._blocks) > self._capacity:
                self._blocks.popitem(last=False)
