"""Item numbers to titles: blocks of a version's catalogue, cached because they never change."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, NamedTuple

import redis

from store.keys import VersionKeys


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
        for block, payload in zip(
            cold, self._client.mget([names[block] for block in cold]), strict=True
        ):
            found[block] = [] if payload is None else _parse(payload)
            if payload is not None:  # a block that is missing may come back
                self._keep(names[block], found[block])
        return found

    def _keep(self, name: str, rows: list[Row]) -> None:
        with self._lock:
            self._blocks[name] = rows
            while len(self._blocks) > self._capacity:
                self._blocks.popitem(last=False)


def _parse(payload: Any) -> list[Row]:
    return [
        Row(item_id, title or "", category or "", price)
        for item_id, title, category, price in json.loads(payload)
    ]
