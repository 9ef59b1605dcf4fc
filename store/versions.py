"""The versions on the shelf: their records, and what an operator may do with them.

A record is written before the first list key of its version, so that a crash leaves nothing
that cannot be found without SCAN. A record is replaced only if it is still what was read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

import redis

from settings.errors import NightshelfError
from store.keys import NamespaceKeys, check_version, run_id_of
from store.pointer import (
    Move,
    Pointer,
    PointerError,
    check_reason,
    flip,
    force_flip,
    put_back,
    read_active,
    release_hold,
    set_hold,
)

State = Literal["loading", "ready", "retiring"]

REPLACE_SCRIPT = """
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
"""


class VersionError(NightshelfError):
    """A version is missing, or is not in a state that allows what was asked."""


@dataclass(frozen=True, kw_only=True)
class VersionRecord:
    """One version: everything needed to find, count and delete its keys."""

    version: str
    state: State
    n_buckets: int
    n_blocks: int
    surfaces: tuple[str, ...]
    variants: tuple[str, ...]
    as_of: str  # naive UTC, ISO
    created: str  # UTC, ISO: when it was first loaded
    deactivated_at: str | None = None  # UTC, ISO: when it stopped being live; None: it is, or
    # never was, or whoever flipped away from it was killed before noting it
    activation: int | None = None  # place among those that were live; None: never, or left again
    features: Mapping[str, int] = field(default_factory=dict)  # kind of entity → buckets
    similar_buckets: int = 0  # of items next to items
    vectors: Mapping[str, int] = field(default_factory=dict)  # kind of vector → buckets


def utc_now() -> str:
    """The wall clock, ISO, UTC, to the microsecond."""
    return datetime.now(UTC).isoformat()


def list_versions(client: redis.Redis, namespace: str) -> list[VersionRecord]:
    """Every version known to the store, oldest first; raises `VersionError` on damage."""
    raw = client.hgetall(NamespaceKeys(namespace).versions)
    records = [_parse(version, text) for version, text in raw.items()]
    return sorted(records, key=lambda record: (record.created, record.version))


def read_version(client: redis.Redis, namespace: str, version: str) -> VersionRecord | None:
    """The record of *version*, None when the store knows none."""
    raw = client.hget(NamespaceKeys(namespace).versions, check_version(version))
    return None if raw is None else _parse(version, raw)


def write_version(client: redis.Redis, namespace: str, record: VersionRecord) -> None:
    """Add or overwrite the record of a version that nobody else is changing."""
    client.hset(NamespaceKeys(namespace).versions, record.version, _dump(record))


def change_version(
    client: redis.Redis, namespace: str, version: str, **changes: Any
) -> VersionRecord:
    """Change fields of a record, again and again until nobody changed it in between.

    Raises `VersionError` when there is no such version.
    """
    key = NamespaceKeys(namespace).versions
    while True:
        raw = client.hget(key, check_version(version))
        if raw is None:
            raise VersionError(_unknown(client, namespace, version))
        changed = replace(_parse(version, raw), **changes)
        if client.eval(REPLACE_SCRIPT, 1, key, version, raw, _dump(changed)):
            return changed


def forget_version(client: redis.Redis, namespace: str, version: str) -> None:
    """Drop the record of *version*, once its keys are gone."""
    client.hdel(NamespaceKeys(namespace).versions, check_version(version))


def flip_to(client: redis.Redis, namespace: str, version: str, *, expected: int) -> Move:
    """What a night does: point at *version* if it is ready, nothing moved, and no hold is set.

    Raises `VersionError` when *version* is not ready.
    """
    _check_complete(client, namespace, version)
    before = read_active(client, namespace).version
    _note_live(client, namespace, before)
    move = flip(client, namespace, version, expected=expected)
    _note_left(client, namespace, before, move.pointer.version)
    _note_live(client, namespace, move.pointer.version)
    return move


def activate(
    client: redis.Redis, namespace: str, version: str, *, hold: str | None = None
) -> Pointer:
    """What an operator does: point at *version* at once, hold or no hold.

    *hold* sets a hold with that reason; None leaves the hold as it is.
    Raises `VersionError` when *version* is not ready or is being retired; pointer and hold are
    then as they were.
    """
    if hold is not None:
        check_reason(hold)
    _check_complete(client, namespace, version)
    before, after = _flip_past_others(client, namespace, version, hold)
    record = read_version(client, namespace, version)
    # Retiring marks the record, then looks at the pointer; this moves the pointer, then looks
    # at the record: whoever comes second sees the other and steps back.
    if record is None or record.state != "ready":
        put_back(client, namespace, before, expected=after.generation)
        raise VersionError(f"version {version} was being retired; choose a kept version")
    _note_left(client, namespace, before.version, version)
    _note_live(client, namespace, version)
    return after


def roll_back(
    client: redis.Redis, namespace: str, *, reason: str, version: str | None = None
) -> Pointer:
    """Point at *version*, by default the one that was live before, and hold it there.

    A version that was only loaded, or gone back from, is gone to by name alone.
    Raises `VersionError` when there is no such version to go back to.
    """
    return activate(client, namespace, version or _previous(client, namespace), hold=reason)


def hold(client: redis.Redis, namespace: str, *, reason: str) -> Pointer:
    """Keep the live version; later nights load but do not flip. Raises `PointerError`."""
    return _demand(set_hold(client, namespace, reason))


def release(client: redis.Redis, namespace: str) -> Pointer:
    """Let the next night flip again. Raises `PointerError` when nothing is active."""
    return _demand(release_hold(client, namespace))


def _check_complete(client: redis.Redis, namespace: str, version: str) -> None:
    record = read_version(client, namespace, version)
    if record is None:
        raise VersionError(_unknown(client, namespace, version))
    manifest = NamespaceKeys(namespace).version(version).manifest
    if record.state != "ready" or not client.exists(manifest):
        raise VersionError(
            f"version {version} is {record.state}, not complete; "
            f"`python -m pipelines publish --run {run_id_of(version)} --no-activate` completes it"
        )


def _flip_past_others(
    client: redis.Redis, namespace: str, version: str, hold: str | None
) -> tuple[Pointer, Pointer]:
    """The pointer before and after; again and again until nobody moved it in between."""
    while True:
        before = read_active(client, namespace)
        _note_live(client, namespace, before.version)
        move = force_flip(client, namespace, version, expected=before.generation, hold=hold)
        if move.done:
            return before, move.pointer


def _note_live(client: redis.Redis, namespace: str, version: str | None) -> None:
    """Make live *version* the last of those that were live: what came after it was left again.

    When it was last put away is forgotten, and only then: until the flip that still counts.
    Called before a flip for the version that is left as well: whoever flipped to it may have been
    killed before noting it.
    """
    records = list_versions(client, namespace)
    if any(r.version == version and r.deactivated_at is not None for r in records):
        change_version(client, namespace, str(version), deactivated_at=None)
    places = {r.version: r.activation for r in records if r.activation is not None}
    if version in places:
        for other in (r for r in records if (r.activation or 0) > places[version]):
            left = other.deactivated_at or utc_now()  # whoever left it may have been killed
            change_version(client, namespace, other.version, activation=None, deactivated_at=left)
    elif any(record.version == version for record in records):
        place = max(places.values(), default=0) + 1
        change_version(client, namespace, str(version), activation=place)


def _note_left(client: redis.Redis, namespace: str, version: str | None, live: str | None) -> None:
    """Note when *version* stopped being live, unless it is: its last readers leave after that."""
    if version not in (None, live) and read_version(client, namespace, str(version)) is not None:
        change_version(client, namespace, str(version), deactivated_at=utc_now())


def _previous(client: redis.Redis, namespace: str) -> str:
    live = read_active(client, namespace).version
    _note_live(client, namespace, live)
    ready = [r for r in list_versions(client, namespace) if r.state == "ready"]
    were_live = {r.activation: r.version for r in ready if r.activation and r.version != live}
    if not were_live:
        kept = [record.version for record in ready]
        raise VersionError(
            f"no version that was live before {live} is kept; kept: {kept or 'none'}; "
            "name the one to go to"
        )
    return were_live[max(were_live)]


def _demand(move: Move) -> Pointer:
    if not move.done:
        raise PointerError(f"{move.reason}; publish or activate a version first")
    return move.pointer


def _unknown(client: redis.Redis, namespace: str, version: str) -> str:
    known = [record.version for record in list_versions(client, namespace)]
    return (
        f"no version {version} in namespace {namespace}; kept: {', '.join(known) or 'none'}; one "
        "that is gone comes back with `python -m pipelines publish --run RUN --no-activate` while "
        "its run is on disk"
    )


def _dump(record: VersionRecord) -> str:
    fields = asdict(record)
    del fields["version"]  # it is the field's name
    return json.dumps(fields, separators=(",", ":"))


def _parse(name: bytes | str, raw: bytes | str) -> VersionRecord:
    version = name.decode() if isinstance(name, bytes) else name
    try:
        fields = json.loads(raw)
        fields["surfaces"] = tuple(fields["surfaces"])
        fields["variants"] = tuple(fields["variants"])
        return VersionRecord(version=version, **fields)
    except (ValueError, TypeError, KeyError) as error:
        raise VersionError(f"the record of version {version} is damaged: {raw!r}") from error
