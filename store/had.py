"""What of the shared lists a user had before, in the fewest bytes: one bit an item.

The manifest's `had_items` names the items in order; a user row's `had` is base64 of the bits, the
first item's is the lowest of the first byte, and zero bytes at the end are left out.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable


def pack_had(places: Iterable[int]) -> str:
    """The text that stands for *places* in `had_items`: ASCII, a character for six of them."""
    bits = 0
    for place in places:
        bits |= 1 << place
    return b64encode(bits.to_bytes(-(-bits.bit_length() // 8), "little")).decode("ascii")


def unpack_had(text: str) -> int:
    """The bits: `bits >> place & 1` says whether the item at *place* was had.

    Raises `ValueError` when *text* is not base64.
    """
    return int.from_bytes(b64decode(text, validate=True), "little")
