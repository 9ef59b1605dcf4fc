"""A list made anew by day: what it is of, and the packed list that goes before the night's.

`v:<version>:overlay:<surface>:<variant>:<bucket>` is a hash: user id → `<generation> <ms> ` and a
packed list. `v:<version>:overlay`, the state, is there while any such hash may be: whoever finds
no state need not ask for a list. Both are keys of their version and go with it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import NamedTuple

from settings.errors import NightshelfError
from store.live import LATEST_MS

_LONGEST = 40  # digits and blanks before a packed list: no more are looked at


class OverlayError(NightshelfError):
    """Bytes that are no refreshed list, or no state of them."""


class Overlay(NamedTuple):
    """One user's refreshed list."""

    generation: int  # of the pointer, when it was computed
    at: float  # seconds since 1970: the list knows what happened before
    packed: bytes  # as `store.packed` reads it


@dataclass(frozen=True, kw_only=True)
class OverlayState:
    """The last refresh of a version."""

    moment: str  # naive UTC, ISO: everybody with news before it was looked at
    users: int  # whose lists it made anew
    generation: int  # of the pointer, then
    # Where users are left to the next refresh, both naive UTC, ISO: from when on their news came,
    # and the moment of the first refresh that left any.
    next_from: str | None = None
    begun: str | None = None


def pack_overlay(overlay: Overlay) -> bytes:
    """`<generation> <ms> `, then the packed list."""
    return b"%d %d " % (overlay.generation, round(overlay.at * 1000)) + overlay.packed


def unpack_overlay(data: bytes) -> Overlay:
    """The refreshed list that *data* holds; raises `OverlayError` when it holds none.

    Whether the packed list is one is for its reader to see.
    """
    try:
        generation, at, _ = data[:_LONGEST].split(b" ", 2)
        if not (generation.isdigit() and at.isdigit() and int(at) < LATEST_MS):
            raise ValueError
    except ValueError:
        raise OverlayError(
            f"{len(data)} bytes are no refreshed list; expected <generation> <ms> <packed list>"
        ) from None
    begin = len(generation) + len(at) + 2
    return Overlay(int(generation), int(at) / 1000, data[begin:])


def dump_state(state: OverlayState) -> str:
    """*state* as the store keeps it."""
    return json.dumps(asdict(state), separators=(",", ":"))


def load_state(data: bytes | str) -> OverlayState:
    """The state that *data* spells; raises `OverlayError` when it spells none."""
    try:
        return OverlayState(**json.loads(data))
    except (ValueError, TypeError) as error:
        raise OverlayError(f"the state of refreshed lists is damaged: {error}") from None
