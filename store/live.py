"""What changes by day: the last events of a user, and the items that nobody is to be shown.

Unlike a version's lists these keys belong to the namespace: they outlive every version.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import redis

from settings.errors import NightshelfError
from store.keys import NamespaceKeys
from store.trip import Command

RECENT_EVENTS = 20  # of a user that are kept
LATEST_MS = 253_402_300_800_000  # the year 10000, beyond which no moment can be written
RECENT_SECONDS = 7 * 86_400  # after the last of them they are forgotten


class LiveError(NightshelfError):
    """Bytes that are no event, or an item id that cannot be hidden."""


class RecentEvent(NamedTuple):
    """What a user did with an item, and when."""

    at: float  # seconds since 1970
    event_type: str
    item_id: str

    @property
    def is_purchase(self) -> bool:
        """Whether the item was bought."""
        return self.event_type == "purchase"


def pack_event(event: RecentEvent) -> bytes:
    """`<ms> <type> <item id>`: a type has no blank, an id may have any."""
    return f"{round(event.at * 1000):d} {event.event_type} {event.item_id}".encode()


def unpack_event(data: bytes) -> RecentEvent:
    """The event that *data* spells; raises `LiveError` when it spells none."""
    try:
        at, event_type, item_id = data.decode().split(" ", 2)
        if not 0 <= int(at) < LATEST_MS:
            raise ValueError
    except ValueError:
        raise LiveError(f"{len(data)} bytes are no event; expected <ms> <type> <item id>") from None
    return RecentEvent(int(at) / 1000, event_type, item_id)


def note_event(client: redis.Redis, namespace: str, user_id: str, event: RecentEvent) -> None:
    """Put *event* before the user's others, of which the oldest are let go."""
    pipeline = client.pipeline(transaction=False)
    for command in recent_commands(NamespaceKeys(namespace), user_id, [event]):
        pipeline.execute_command(*command)
    pipeline.execute()


def recent_commands(
    keys: NamespaceKeys, user_id: str, events: Sequence[RecentEvent]
) -> list[Command]:
    """What puts *events*, the oldest first, before the user's others; one twice stands there once.

    The oldest of all are let go.
    """
    key = keys.recent(user_id)
    packed = list(dict.fromkeys(map(pack_event, events)))[-RECENT_EVENTS:]
    return [
        *(("LREM", key, 0, data) for data in packed),  # sent before, by somebody who tries again
        ("LPUSH", key, *packed),
        ("LTRIM", key, 0, RECENT_EVENTS - 1),
        ("EXPIRE", key, RECENT_SECONDS),
    ]


def hide_items(client: redis.Redis, namespace: str, item_ids: Iterable[str]) -> int:
    """Keep *item_ids* out of every answer from the next look of each process on; how many are new.

    Raises `LiveError` for an id that no item can have.
    """
    checked = [_check(item_id) for item_id in item_ids]
    return int(client.sadd(NamespaceKeys(namespace).hidden, *checked)) if checked else 0


def unhide_items(client: redis.Redis, namespace: str, item_ids: Iterable[str]) -> int:
    """Let *item_ids* be shown again; how many were hidden."""
    names = list(item_ids)
    return int(client.srem(NamespaceKeys(namespace).hidden, *names)) if names else 0


def hidden_items(client: redis.Redis, namespace: str) -> frozenset[str]:
    """Ids of the items that nobody is to be shown."""
    return read_ids(client.smembers(NamespaceKeys(namespace).hidden))


def read_ids(members: Iterable[Any]) -> frozenset[str]:
    """The ids that the store's bytes spell."""
    return frozenset(bytes(member).decode("utf-8", "replace") for member in members)


def _check(item_id: str) -> str:
    if not 1 <= len(item_id) <= 1024 or "\0" in item_id:
        raise LiveError(f"item id {item_id[:100]!r}: expected 1 to 1024 characters without NUL")
    return item_id
