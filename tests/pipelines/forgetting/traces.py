"""Looks for an id in everything that a namespace has: files of any kind, and the whole store."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow.parquet as pq
import redis


def traces_on_disk(var: Path, user_id: str) -> list[str]:
    """Every file below *var* that has *user_id*: in its bytes, its name, or what it unpacks to."""
    found = []
    for path in sorted(p for p in var.rglob("*") if p.is_file()):
        texts = [str(path.relative_to(var)).encode(), path.read_bytes(), *_unpacked(path)]
        if any(_is_in(user_id, text) for text in texts):
            found.append(path.relative_to(var).as_posix())
    return found


def traces_in_store(client: redis.Redis, user_id: str) -> list[str]:
    """Every key of the store that has *user_id* in its name, a field, a member or a value."""
    found = []
    for key in client.scan_iter():
        if any(_is_in(user_id, text) for text in (key, *_contents(client, key))):
            found.append(key.decode())
    return sorted(found)


def _is_in(user_id: str, text: bytes) -> bool:
    return re.search(rb"(?<![\w-])" + re.escape(user_id.encode()) + rb"(?![\w-])", text) is not None


def _unpacked(path: Path) -> Iterator[bytes]:
    if path.suffix == ".parquet":
        yield from map(_text, pq.read_table(path, partitioning=None).to_pylist())
        yield repr(pq.read_schema(path).metadata).encode()
    elif path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            names = connection.execute(
                # Views of a run name files by their whole path, that of before it was copied.
                "select schema_name, view_name from duckdb_views() where contains(sql, ?) "
                "union all select schema_name, table_name from duckdb_tables()",
                [str(path.parents[2])],
            ).fetchall()
            for schema, name in names:
                yield from map(_text, connection.table(f'"{schema}"."{name}"').fetchall())
    elif path.suffix == ".npz":
        with np.load(path) as arrays:
            yield from (_text(arrays[name].tolist()) for name in arrays.files)
    elif path.suffix == ".gz":
        yield gzip.decompress(path.read_bytes())


def _text(value: Any) -> bytes:
    return json.dumps(value, default=_plain, ensure_ascii=False).encode()


def _plain(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _contents(client: redis.Redis, key: bytes) -> Iterator[bytes]:
    kind = client.type(key)
    if kind == b"string":
        yield client.get(key)
    elif kind == b"hash":
        yield from (part for pair in client.hgetall(key).items() for part in pair)
    elif kind == b"list":
        yield from client.lrange(key, 0, -1)
    elif kind == b"set":
        yield from client.smembers(key)
    elif kind == b"stream":
        yield from (v for _, fields in client.xrange(key) for v in fields.values())
