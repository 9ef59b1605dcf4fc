"""One user's list as bytes: a 12 byte header, then a column per fact about an entry.

Little endian throughout: header `<BBHff` (format version, flags, count n, lowest and highest
score), item numbers u32 × n, scores u16 × n, reason codes u8 × n, sources u8 × n (the highest bit
set: the user had the item before), reason items u32 × n: 12 + 12 n bytes. Both night and day read
this file, so it needs only Python.
"""

from __future__ import annotations

import math
import struct
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Literal, NamedTuple, cast

from typing_extensions import Buffer

from settings.errors import NightshelfError

FORMAT_VERSION = 2
HEADER = struct.Struct("<BBHff")
BYTES_PER_ENTRY = 12
MAX_ENTRIES = 0xFFFF
SCORE_STEPS = 0xFFFF  # a stored score of 65535 is score_high
NO_ITEM = 0xFFFFFFFF
HAD = 0x80  # of a source: the user had the item before


_SOURCES = bytes(byte % HAD for byte in range(256))  # without the bit


class PackedListError(NightshelfError):
    """Bytes that are not a packed list of this format."""


class Entry(NamedTuple):
    """One place in a list: numbers to be looked up in the catalogue and the manifest."""

    number: int  # item number, a position in the version's catalogue
    score: float
    reason: int  # index into the manifest's reasons
    source: int  # index into the manifest's sources
    reason_item: int | None  # item number that the reason speaks of
    had: bool = False  # whether the user had the item before


# What `Entry(*values)` does, without a call in Python for each: lists are read at every request.
_new_entry = cast("Callable[[tuple[Any, ...]], Entry]", partial(tuple.__new__, Entry))


class PackedList:
    """The entries of one list, decoded only as far as somebody reads them."""

    __slots__ = ("_numbers", "_reason_items", "_reasons", "_scores", "_sources", "high", "low")

    def __init__(self, low: float, high: float, columns: memoryview, n: int) -> None:
        self.low = low
        self.high = high
        self._numbers = _integers(columns[: 4 * n], "I")
        self._scores = _integers(columns[4 * n : 6 * n], "H")
        self._reasons = columns[6 * n : 7 * n]
        self._sources = columns[7 * n : 8 * n]
        self._reason_items = _integers(columns[8 * n : 12 * n], "I")

    def check_codes(self, n_reasons: int, n_sources: int) -> None:
        """Raises `PackedListError` when an entry names a reason or source beyond those."""
        if not self._reasons:
            return
        reason = max(self._reasons.tobytes())
        source = max(self._sources.tobytes().translate(_SOURCES))
        if reason >= n_reasons or source >= n_sources:
            raise PackedListError(
                f"reason {reason}, source {source}; the manifest has {n_reasons} and {n_sources}"
            )

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries())

    def entries(self, start: int = 0, stop: int | None = None) -> list[Entry]:
        """The entries from place *start* on, up to place *stop*."""
        low, step = self.low, (self.high - self.low) / SCORE_STEPS
        part = slice(start, stop)
        sources = self._sources[part].tobytes()
        return list(
            map(
                _new_entry,
                zip(
                    self._numbers[part].tolist(),
                    [low + score * step for score in self._scores[part].tolist()],
                    self._reasons[part].tobytes(),
                    sources.translate(_SOURCES),
                    [None if n == NO_ITEM else n for n in self._reason_items[part].tolist()],
                    [source >= HAD for source in sources],
                    strict=True,
                ),
            )
        )


def pack_list(
    low: float,
    high: float,
    numbers: Buffer,
    scores: Buffer,
    reasons: Buffer,
    sources: Buffer,
    reason_items: Buffer,
) -> bytes:
    """The packed form of n entries whose columns are already encoded, little endian.

    *numbers* and *reason_items* hold 4 n bytes, *scores* 2 n, *reasons* and *sources* n;
    a score s stands for low + (high - low) · s / 65535.
    Raises `PackedListError` when a column has another length, n exceeds 65535,
    or the scores are not finite and ordered.
    """
    _check_scores(low, high)
    n, rest = divmod(_n_bytes(numbers), 4)
    if rest or n > MAX_ENTRIES:
        raise PackedListError(
            f"numbers: {_n_bytes(numbers)} bytes; expected 4 an item, at most {MAX_ENTRIES} items"
        )
    columns = {
        "scores": (scores, 2 * n),
        "reasons": (reasons, n),
        "sources": (sources, n),
        "reason_items": (reason_items, 4 * n),
    }
    for name, (column, expected) in columns.items():
        if _n_bytes(column) != expected:
            raise PackedListError(
                f"{name}: {_n_bytes(column)} bytes; expected {expected} for {n} items"
            )
    header = HEADER.pack(FORMAT_VERSION, 0, n, low, high)
    return b"".join((header, numbers, scores, reasons, sources, reason_items))


def unpack_list(data: bytes) -> PackedList:
    """The list that *data* holds; reading it costs only what is read of it.

    Raises `PackedListError` when the bytes are damaged or of another format.
    """
    if len(data) < HEADER.size:
        raise PackedListError(f"{len(data)} bytes; a packed list has at least {HEADER.size}")
    version, flags, n, low, high = HEADER.unpack_from(data)
    if version != FORMAT_VERSION or flags != 0:
        raise PackedListError(
            f"format version {version}, flags {flags}; this code reads version "
            f"{FORMAT_VERSION}, flags 0: publish again with the code that serves"
        )
    expected = HEADER.size + BYTES_PER_ENTRY * n
    if len(data) != expected:
        raise PackedListError(f"{len(data)} bytes for {n} entries; expected {expected}")
    _check_scores(low, high)
    return PackedList(low, high, memoryview(data)[HEADER.size :], n)


def _check_scores(low: float, high: float) -> None:
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise PackedListError(f"scores from {low} to {high}; expected finite, low ≤ high")


def _integers(column: memoryview, code: Literal["I", "H"]) -> memoryview:
    if sys.byteorder == "little":
        return column.cast(code)
    swapped = struct.unpack(f"<{len(column) // struct.calcsize(code)}{code}", column)
    return memoryview(struct.pack(f"={len(swapped)}{code}", *swapped)).cast(code)


def _n_bytes(column: Buffer) -> int:
    return memoryview(column).nbytes
