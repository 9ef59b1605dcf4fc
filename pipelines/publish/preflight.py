"""Whether the store can take the lists, before anything is written."""

from __future__ import annotations

import time
from typing import Any

import redis

from pipelines.publish.errors import PublishError
from pipelines.publish.lists_directory import BucketedTable, ListsDirectory
from pipelines.publish.settings import PublishSettings
from store.connection import memory_of
from store.packed import BYTES_PER_ENTRY, HEADER

ROW_OVERHEAD = 100  # bytes a hash entry costs beside field and value, rounded up
POLICY = "noeviction"
FREEING_S = 5.0  # how long memory that is being freed is waited for


def check_store(client: redis.Redis, lists: ListsDirectory, settings: PublishSettings) -> None:
    """Raise `PublishError` unless the store never evicts and the lists fit into it."""
    servers = memory_of(client)
    policies = {memory["maxmemory_policy"] for memory in servers}
    if policies != {POLICY}:
        policy = ", ".join(sorted(policies - {POLICY}))
        raise PublishError(
            f"the store's maxmemory-policy is {policy}, which would silently drop live lists; "
            f"expected {POLICY}: CONFIG SET maxmemory-policy {POLICY}, and in its configuration"
        )
    needed = estimate_bytes(lists) // len(servers)  # buckets spread evenly over a cluster
    deadline = time.monotonic() + FREEING_S
    while (room := _room(memory := _fullest(servers, settings), settings)) < needed:
        if memory.get("lazyfree_pending_objects", 0) == 0 or time.monotonic() > deadline:
            raise PublishError(_no_room(memory, settings, needed, room))
        time.sleep(0.05)
        servers = memory_of(client)


def estimate_bytes(lists: ListsDirectory) -> int:
    """Bytes of memory that the lists will take, slightly too many."""
    small = sum(map(len, lists.fallback().values())) + sum(map(len, lists.catalogue().values()))
    return small + sum(_table_bytes(table) for table in lists.tables())


def _table_bytes(table: BucketedTable) -> int:
    rows, n_bytes = table.n_rows, table.n_bytes
    # Equal lists are stored once in Parquet, each in the store.
    if table.mean_entries:
        n_bytes = max(n_bytes, int(rows * (HEADER.size + BYTES_PER_ENTRY * table.mean_entries)))
    return n_bytes + rows * ROW_OVERHEAD


def _limit(memory: dict[str, int]) -> int:
    """`maxmemory`, or when there is none the memory of the server's computer."""
    return memory["maxmemory"] or memory["total_system_memory"]


def _fullest(servers: list[dict[str, Any]], settings: PublishSettings) -> dict[str, Any]:
    return min(servers, key=lambda memory: _room(memory, settings))


def _room(memory: dict[str, int], settings: PublishSettings) -> int:
    return int(_limit(memory) * settings.memory_share) - memory["used_memory"]


def _no_room(memory: dict[str, int], settings: PublishSettings, needed: int, room: int) -> str:
    return (
        f"the lists need about {needed / 1e6:,.1f} MB, the store has {max(room, 0) / 1e6:,.1f} MB "
        f"left of {settings.memory_share:.0%} of {_limit(memory) / 1e6:,.1f} MB "
        f"({memory['used_memory'] / 1e6:,.1f} MB used): raise maxmemory, retire versions, "
        "or keep fewer ([publish] keep_versions)"
    )
