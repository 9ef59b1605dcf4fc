"""Whom to forget: a digest for each, in the store and in a copy on disk.

An id itself is kept nowhere: a digest is what every part that brings rows in compares with. Either
place alone is enough; `tell_both` gives each what only the other has, so that losing one loses
nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Literal

import redis

from settings import ProjectSettings, Settings
from settings.errors import NightshelfError
from settings.project import var_directory
from store.keys import DIGEST_PATTERN, NamespaceKeys

State = Literal["asked", "running", "left over", "done"]
FILE = "forgotten.json"
PAUSE_S = 0.01  # between two looks whether the lock is free


class TombstoneError(NightshelfError):
    """A tombstone cannot be read or kept."""


@dataclass(frozen=True, kw_only=True)
class Tombstone:
    """One forgotten user, and how far forgetting has come."""

    digest: str  # 32 hex digits
    asked_at: str  # UTC, ISO
    state: State = "asked"  # in the store nothing of the user is left from `asked` on
    changed_at: str = ""  # UTC, ISO: when the state was last changed
    left: tuple[str, ...] = ()  # what could not be rewritten yet, and why


def digest(namespace: str, user_id: str) -> str:
    """What stands for *user_id* in *namespace*: 32 hex digits, others in another namespace."""
    text = user_id.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=16, person=_person(namespace)).hexdigest()


def is_forgotten(namespace: str, user_id: str, digests: frozenset[str]) -> bool:
    """Whether *user_id* is one of *digests*; where there are none, nothing is hashed."""
    return bool(digests) and digest(namespace, user_id) in digests


def tombstones_file(settings: Settings) -> Path:
    """The copy on disk."""
    return var_directory(settings) / FILE


def read_tombstones(client: redis.Redis, namespace: str) -> dict[str, Tombstone]:
    """Digest → tombstone, of the store; raises `TombstoneError` on damage."""
    found = client.hgetall(NamespaceKeys(namespace).forgotten)
    return {text: _parse(text, data) for name, data in found.items() for text in [_text(name)]}


def read_digests(client: redis.Redis, namespace: str) -> frozenset[str]:
    """Digests alone, of the store."""
    return frozenset(map(_text, client.hkeys(NamespaceKeys(namespace).forgotten)))


def read_file(settings: Settings) -> dict[str, Tombstone]:
    """Digest → tombstone, of the copy on disk; none where there is no copy.

    Raises `TombstoneError` on damage: rows of a forgotten user must not pass for want of a file.
    """
    path = tombstones_file(settings)
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise _damaged(path, error) from None
    if not isinstance(rows, dict):
        raise _damaged(path, "no object")
    return {name: _parse(name, json.dumps(row)) for name, row in rows.items()}


def add_tombstone(settings: Settings, client: redis.Redis, user_id: str) -> Tombstone:
    """Forget *user_id* from now on; the tombstone, also of somebody forgotten before.

    Raises what the client raises, and `TombstoneError` where the disk does not take its copy: the
    store has it then, and asking again is safe.
    """
    namespace = settings.read(ProjectSettings).namespace
    stone = Tombstone(digest=digest(namespace, user_id), asked_at=_now(), changed_at=_now())
    client.hsetnx(NamespaceKeys(namespace).forgotten, stone.digest, _dump(stone))
    return tell_both(settings, client)[stone.digest]


def tell_both(settings: Settings, client: redis.Redis) -> dict[str, Tombstone]:
    """All tombstones, the store and the disk made to have each.

    Of two states of one the one that was changed last counts.
    """
    namespace = settings.read(ProjectSettings).namespace
    with _alone(settings):
        on_disk, in_store = read_file(settings), read_tombstones(client, namespace)
        stones = on_disk | {
            name: stone
            for name, stone in in_store.items()
            if name not in on_disk or stone.changed_at >= on_disk[name].changed_at
        }
        _write_store(client, namespace, (s for s in stones.values() if in_store.get(s.digest) != s))
        if stones != on_disk:
            _write_file(tombstones_file(settings), stones)
    return stones


def change_tombstone(
    settings: Settings,
    client: redis.Redis,
    name: str,
    state: State,
    left: Iterable[str] = (),
) -> None:
    """Say how far forgetting *name* has come, in both places."""
    known = tell_both(settings, client).get(name)
    if known is None:
        raise TombstoneError(f"no tombstone {name}; forget the user again")
    stone = Tombstone(
        digest=name, asked_at=known.asked_at, state=state, changed_at=_now(), left=tuple(left)
    )
    _write_store(client, settings.read(ProjectSettings).namespace, [stone])
    tell_both(settings, client)


def _write_store(client: redis.Redis, namespace: str, stones: Iterable[Tombstone]) -> None:
    for stone in stones:
        client.hset(NamespaceKeys(namespace).forgotten, stone.digest, _dump(stone))


def _write_file(path: Path, stones: Mapping[str, Tombstone]) -> None:
    rows = {name: json.loads(_dump(stone)) for name, stone in stones.items()}
    beside = path.with_name(f".{path.name}.new")  # whoever has the lock is the only one
    try:
        with beside.open("w", encoding="utf-8") as file:
            file.write(json.dumps(rows, indent=1, sort_keys=True) + "\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise TombstoneError(f"{path}: cannot be written: {error.strerror}; make room") from None
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Holds the lock under which the copy is read and replaced."""
    path = var_directory(settings) / "locks" / "forgotten"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
    except OSError as error:
        raise TombstoneError(f"{path}: {error.strerror}; make room") from None
    with file:
        # Never waits in the kernel: in a process of greenlets the one that holds the lock would not
        # get on either, and both would stand still for good.
        while not _took(file):
            time.sleep(PAUSE_S)
        yield


def _took(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _person(namespace: str) -> bytes:
    return hashlib.blake2b(namespace.encode(), digest_size=16).digest()


def _text(name: bytes | str) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else name


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _dump(stone: Tombstone) -> str:
    fields = asdict(stone)
    del fields["digest"]  # it is the field's name
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def _parse(name: str, data: bytes | str) -> Tombstone:
    try:
        if DIGEST_PATTERN.fullmatch(name) is None:
            raise ValueError(f"{name[:40]!r} is no digest")
        fields = json.loads(data)
        return Tombstone(digest=name, **{**fields, "left": tuple(fields.get("left", ()))})
    except (ValueError, TypeError, AttributeError) as error:
        raise TombstoneError(
            f"the tombstone {name[:40]!r} is damaged ({error}); remove it and forget the user again"
        ) from None


def _damaged(path: Path, why: object) -> TombstoneError:
    return TombstoneError(
        f"{path} is damaged ({why}); move it away: it is written anew from the store"
    )
