"""Puts refreshed lists on the shelf, beside those of the version that they were computed for.

Order matters: the lists first, then the state that makes readers ask for them. A version that is
being retired meanwhile gets nothing that would outlive its record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice

import redis

from pipelines.refresh.errors import RefreshError
from pipelines.refresh.turns import Turn
from store.keys import DEFAULT_VARIANT, NamespaceKeys, bucket_of
from store.overlay import Overlay, dump_state, pack_overlay
from store.pointer import Pointer, read_active
from store.versions import VersionRecord, read_version

COMMANDS_AT_ONCE = 1000

Lists = Mapping[str, Mapping[str, bytes | None]]  # surface → user id → packed list, None: none
Command = tuple[str, str, str, bytes | None]  # what, key, field, value


def write_overlays(
    client: redis.Redis,
    namespace: str,
    pointer: Pointer,
    moment: datetime,
    lists: Lists,
    turn: Turn | None = None,
) -> bool:
    """Puts *lists*, which know what happened before *moment* (naive UTC), before the night's.

    A user's refreshed list is replaced whole; with None it goes, and the night's is shown again.
    *turn*: how far that is with everybody's news, if not until *moment* with nobody left.
    *pointer* is what was live when they were computed. Whether its version is live still: lists
    of another one are in nobody's way, and go with it.
    Raises `RefreshError` when that version is not kept any more; nothing of it is left then.
    """
    version = pointer.version
    record = None if version is None else read_version(client, namespace, version)
    if version is None or record is None or record.state != "ready":
        raise _gone(version)
    keys = NamespaceKeys(namespace).version(version)
    at = moment.replace(tzinfo=UTC).timestamp()
    commands = list(_commands(namespace, record, pointer.generation, at, lists))
    _send(client, commands)
    turn = turn or Turn(moment)
    users = len({user for of_surface in lists.values() for user in of_surface})
    # Where no list ever was nobody need ask for one, but who is left has to be known.
    is_wanted = turn.next_from is not None or any(value is not None for *_, value in commands)
    state = dump_state(turn.state(users, pointer.generation))
    client.set(keys.overlay_state, state, xx=not is_wanted)
    # Retiring marks the record, then deletes by name; this writes, then looks at the record:
    # whoever comes second sees the other.
    after = read_version(client, namespace, version)
    if after is None or after.state != "ready":
        _take_back(client, keys.overlay_state, commands)
        raise _gone(version)
    return read_active(client, namespace).version == version


def _commands(
    namespace: str, record: VersionRecord, generation: int, at: float, lists: Lists
) -> Iterator[Command]:
    keys = NamespaceKeys(namespace).version(record.version)
    for surface, of_surface in lists.items():
        for user, packed in of_surface.items():
            key = keys.overlay(surface, DEFAULT_VARIANT, bucket_of(user, record.n_buckets))
            if packed is None:
                yield "HDEL", key, user, None
            else:
                yield "HSET", key, user, pack_overlay(Overlay(generation, at, packed))


def _send(client: redis.Redis, commands: list[Command]) -> None:
    waiting = iter(commands)
    while batch := list(islice(waiting, COMMANDS_AT_ONCE)):
        pipeline = client.pipeline(transaction=False)
        for _, key, user, value in batch:
            if value is None:
                pipeline.hdel(key, user)
            else:
                pipeline.hset(key, user, value)
        pipeline.execute()


def _take_back(client: redis.Redis, state: str, commands: list[Command]) -> None:
    """Deletes what was written, whole keys: nobody will ask for anything of theirs."""
    names = iter([state, *sorted({key for _, key, *_ in commands})])
    while batch := list(islice(names, COMMANDS_AT_ONCE)):
        pipeline = client.pipeline(transaction=False)
        for key in batch:
            pipeline.unlink(key)
        pipeline.execute()


def _gone(version: str | None) -> RefreshError:
    return RefreshError(
        f"version {version} is no longer kept; nothing was refreshed: refresh again, for the "
        "version that is live now"
    )
