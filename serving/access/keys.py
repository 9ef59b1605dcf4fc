"""API keys: `ns_<id>_<secret>`, of which a file keeps the id, a name, a role and a hash.

The secret has 256 random bits, so that nobody finds it from a plain SHA-256, however fast that is.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from serving.access.identity import CredentialsError, Identity, Role
from settings.errors import NightshelfError

KEY_ID = re.compile(r"[0-9a-f]{12}")
NAME = r"^[A-Za-z0-9][A-Za-z0-9 ._@-]{0,63}$"
_KEY = re.compile(r"ns_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_NOBODY = "0" * 64  # compared with where the id is unknown, so that it takes as long


class KeyFileError(NightshelfError):
    """The file of keys cannot be read or written, or a key is not in it."""


class KeyRecord(BaseModel):
    """What is kept of a key."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    id: Annotated[str, Field(pattern=f"^{KEY_ID.pattern}$")]
    name: Annotated[str, Field(pattern=NAME)]
    role: Role
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]  # of the secret's text
    created_at: str  # UTC, ISO


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    format: Literal[1]
    keys: list[KeyRecord]


class NewKey(NamedTuple):
    """A key that was just made: its text is nowhere else."""

    text: str
    record: KeyRecord


def looks_like_key(text: str) -> bool:
    """Whether *text* is meant to be a key, not a token."""
    return text.startswith("ns_")


def verify_key(text: str, keys: Mapping[str, KeyRecord]) -> Identity:
    """Whose key *text* is; takes as long for a wrong secret as for the right one.

    Raises `CredentialsError` when it is nobody's.
    """
    match = _KEY.fullmatch(text)
    if match is None:
        raise CredentialsError("The key is not of the form ns_<id>_<secret>.")
    record = keys.get(match[1])
    found = _hash(match[2])
    is_same = hmac.compare_digest(found, _NOBODY if record is None else record.sha256)
    if record is None or not is_same:
        raise CredentialsError("The key is not known here, or was revoked.")
    return Identity(f"key:{record.id}", record.name, record.role)


def read_keys(path: Path) -> dict[str, KeyRecord]:
    """The keys in the file at *path*, by id; raises `KeyFileError` when it is none of ours."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise KeyFileError(f"{path}: no such file of keys; {HOW_TO_MAKE_ONE}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(f"{path}: the keys cannot be read: {error}") from None
    try:
        keys = _File.model_validate_json(text).keys
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise KeyFileError(
            f"{path}: {where}: {first['msg']}; expected what `python -m serving keys new` writes"
        ) from None
    by_id = {record.id: record for record in keys}
    if len(by_id) != len(keys):
        raise KeyFileError(f"{path}: an id stands there twice; remove one of them")
    return by_id


HOW_TO_MAKE_ONE = "make one: python -m serving keys new --name shop --role read"


def add_key(path: Path, name: str, role: Role) -> NewKey:
    """Make a key and keep its hash in the file at *path*, which is begun where there is none.

    Raises `KeyFileError` for a name that is taken or impossible.
    """
    if re.fullmatch(NAME, name) is None:
        raise KeyFileError(
            f"name {name!r}: expected up to 64 letters, digits, blanks and . _ @ -, "
            "beginning with a letter or digit"
        )
    with _locked(path):
        keys = read_keys(path) if path.exists() else {}
        if any(record.name == name for record in keys.values()):
            raise KeyFileError(f"there is a key named {name!r}; choose another name, or revoke it")
        key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        record = KeyRecord(id=key_id, name=name, role=role, sha256=_hash(secret), created_at=now)
        _write(path, {**keys, key_id: record})
    return NewKey(f"ns_{key_id}_{secret}", record)


def revoke_key(path: Path, which: str) -> KeyRecord:
    """Take the key with that id or name out of the file; raises `KeyFileError` without one."""
    with _locked(path):
        keys = read_keys(path)
        found = [record for record in keys.values() if which in (record.id, record.name)]
        if len(found) != 1:
            there = ", ".join(f"{record.id} ({record.name})" for record in keys.values()) or "none"
            raise KeyFileError(f"no key {which!r} in {path}; there are: {there}")
        _write(path, {key_id: record for key_id, record in keys.items() if record != found[0]})
    return found[0]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One change after the other: of two at once the later would undo the earlier."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_name(f"{path.name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise KeyFileError(f"{path}: the keys cannot be written: {error}") from None


def _write(path: Path, keys: Mapping[str, KeyRecord]) -> None:
    """Replace the file as a whole: a web process that reads it meanwhile sees the old one."""
    body = {"format": 1, "keys": [record.model_dump() for record in keys.values()]}
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    with beside.open("w", encoding="utf-8") as file:
        file.write(json.dumps(body, indent=1, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    if path.exists():
        beside.chmod(path.stat().st_mode & 0o777)
    beside.replace(path)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("ascii")).hexdigest()
