"""Answers that were given, by the question: what `If-None-Match` needs."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import NamedTuple

from nightshelf_client.answers import Answer


class Held(NamedTuple):
    """An answer and its tag."""

    etag: str
    answer: Answer


class HeldAnswers:
    """The last *size* questions' answers; threads may share it."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = Lock()
        self._by_address: OrderedDict[str, Held] = OrderedDict()

    def get(self, address: str) -> Held | None:
        """What was answered last at *address*, path and query."""
        with self._lock:
            held = self._by_address.get(address)
            if held is not None:
                self._by_address.move_to_end(address)
            return held

    def put(self, address: str, held: Held) -> None:
        """Hold it, and let go of what was not asked for the longest."""
        with self._lock:
            self._by_address[address] = held
            self._by_address.move_to_end(address)
            while len(self._by_address) > self._size:
                self._by_address.popitem(last=False)
