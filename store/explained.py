"""What speaks for the first items of one user's list as bytes, read only where somebody asks.

Little endian: a header `<BBH` (format version, flags, count n), then n records `<II3H3h`: item
number, generators (bit k: place k of the manifest's sources), three features (places in the
`features` of the manifest's surface) and their shares (32767 is 1; 0: none): 4 + 20 n bytes.
Both night and day read this file, so it needs only Python.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from typing_extensions import Buffer

from settings.errors import NightshelfError

FORMAT_VERSION = 1
HEADER = struct.Struct("<BBH")
RECORD = struct.Struct("<II3H3h")
CONTRIBUTIONS = 3  # of one item
SHARE_STEPS = 0x7FFF  # a stored share of 32767 is 1
MAX_GENERATORS = 32  # bits of a record


class ExplainedError(NightshelfError):
    """Bytes that are no explanations of this format."""


class Explained(NamedTuple):
    """What speaks for and against one item, in numbers."""

    number: int  # item number, a position in the version's catalogue
    generators: tuple[int, ...]  # places in the manifest's sources
    contributions: tuple[tuple[int, float], ...]  # feature, share between -1 and 1; largest first


def pack_explained(records: Buffer) -> bytes:
    """The packed form of *records*, encoded as `RECORD`, in the order of the list.

    Raises `ExplainedError` when they are not whole records, or more than 65535.
    """
    size = memoryview(records).nbytes
    n, rest = divmod(size, RECORD.size)
    if rest or n > 0xFFFF:
        raise ExplainedError(f"{size} bytes; expected {RECORD.size} a record, at most 65535")
    return b"".join((HEADER.pack(FORMAT_VERSION, 0, n), records))


def unpack_explained(data: bytes) -> list[Explained]:
    """The explanations that *data* holds, in the order of the list.

    Raises `ExplainedError` when the bytes are damaged or of another format.
    """
    if len(data) < HEADER.size:
        raise ExplainedError(f"{len(data)} bytes; explanations have at least {HEADER.size}")
    version, flags, n = HEADER.unpack_from(data)
    if (version, flags) != (FORMAT_VERSION, 0) or len(data) != HEADER.size + RECORD.size * n:
        raise ExplainedError(
            f"format version {version}, flags {flags}, {len(data)} bytes for {n} items; this code "
            f"reads version {FORMAT_VERSION}, flags 0, {RECORD.size} bytes an item: publish again "
            "with the code that serves"
        )
    return [_unpack(*record) for record in RECORD.iter_unpack(data[HEADER.size :])]


def _unpack(number: int, generators: int, *numbers: int) -> Explained:
    features, shares = numbers[:CONTRIBUTIONS], numbers[CONTRIBUTIONS:]
    return Explained(
        number,
        tuple(bit for bit in range(MAX_GENERATORS) if generators >> bit & 1),
        tuple((f, s / SHARE_STEPS) for f, s in zip(features, shares, strict=True) if s),
    )
