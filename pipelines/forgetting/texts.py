"""Ids of users in JSON, pages and logs.

In JSON an id is the value of `user_id`: a row of a list goes as a whole, another value gives way to
`(forgotten)`. In other texts an id of six characters or more is looked for wherever it stands by
itself; a shorter one, which may be any number, only in quotes or after a word for a user.
"""

from __future__ import annotations

import gzip
import html
import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from pipelines.files import replacing, write_json
from pipelines.forgetting.mentions import WORDS, mentions
from pipelines.forgetting.parquet import USER_COLUMN

GONE = "(forgotten)"
LOGS = (".log", ".jsonl", ".txt", ".csv")
PAGES = (".html",)
_NAMES = frozenset({USER_COLUMN, "user", "user_ids", "users"})


def forget_in_json(value: Any, users: Collection[str], name: str = "") -> tuple[Any, int]:
    """*value* without *users*, and how many places there were."""
    if isinstance(value, dict):
        made, n = {}, 0
        for key, part in value.items():
            made[key], found = forget_in_json(part, users, key)
            n += found
        return made, n
    if isinstance(value, list):
        kept, n = [], 0
        for part in value:
            if isinstance(part, dict) and part.get(USER_COLUMN) in users:
                n += 1
                continue
            changed, found = forget_in_json(part, users, name)
            kept.append(changed)
            n += found
        return kept, n
    if isinstance(value, str) and name in _NAMES and value in users:
        return GONE, 1
    return value, 0


def write_json_without(path: Path, target: Path, users: Collection[str]) -> int:
    """Writes the JSON of *path* without *users* to *target*, if there are any; how many places."""
    if not any(_is_in(user, path.read_bytes()) for user in users):
        return 0
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return write_text_without(path, target, users)
    made, n = forget_in_json(value, users)
    if n:
        write_json(target, made)
    return n


def write_text_without(path: Path, target: Path, users: Collection[str]) -> int:
    """Writes the text of *path* without *users* to *target*, if there are any; how many places."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    made, n = data, 0
    for user in sorted(users, key=len, reverse=True):
        made, found = mentions(user).subn(GONE.encode(), made)
        n += found
    if n:
        with replacing(target) as beside:
            beside.write_bytes(gzip.compress(made) if path.suffix == ".gz" else made)
    return n


def is_shown(page: str, users: Collection[str]) -> bool:
    """Whether *page*, HTML, shows one of *users*: as a cell of its own, or after `User`."""
    return any(
        re.search(rf">\s*{shown}\s*<|(?i:{WORDS}){shown}(?![\w-])", page)
        for shown in (re.escape(html.escape(user)) for user in users)
    )


def _is_in(user: str, data: bytes) -> bool:
    return user.encode() in data or json.dumps(user)[1:-1].encode() in data
