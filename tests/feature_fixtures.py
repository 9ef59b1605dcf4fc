"""Made features beside made lists, as the lists stage would leave them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from store.features import SEPARATOR, FeatureKind, FeatureTable, dump_kinds
from store.keys import bucket_of

HOUR = timedelta(hours=1)
USER = FeatureKind(
    "user",
    n_buckets=4,
    n_rows=3,
    tables=(
        FeatureTable("history", ("n_days", "share"), 26 * HOUR),
        FeatureTable("segment", ("segment", "tags"), None),
    ),
)
ITEM = FeatureKind("item", 2, 1, (FeatureTable("price", ("price",), HOUR),))
USER_ROWS = {
    "u0": [b"3", b"0.5", b'"families"', b'["a","b\\n"]'],
    "u1": [b"7", b"null", b"", b""],
    "a/b c,😀": [b"", b"", b'"students"', b"[]"],
}
ITEM_ROWS = {"i0": [b"1.5"]}


def add_features(
    directory: Path,
    kinds: Mapping[FeatureKind, Mapping[str, list[bytes]]] | None = None,
) -> Path:
    """Features beside the lists in *directory*: by default those of three users and an item."""
    kinds = {USER: USER_ROWS, ITEM: ITEM_ROWS} if kinds is None else kinds
    for kind, rows in kinds.items():
        write_rows(directory / f"features-{kind.name}.parquet", rows, kind.n_buckets)
    file = directory / "manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    manifest["features"] = dump_kinds(list(kinds))
    file.write_text(json.dumps(manifest), encoding="utf-8")
    return directory


def write_rows(path: Path, rows: Mapping[str, list[bytes]], n_buckets: int) -> None:
    """*rows* (id → cells), sorted by bucket and id."""
    placed = sorted((bucket_of(name, n_buckets), name) for name in rows)
    table = {
        "bucket": pa.array([bucket for bucket, _ in placed], pa.int32()),
        "id": [name for _, name in placed],
        "cells": pa.array([SEPARATOR.join(rows[name]) for _, name in placed], pa.binary()),
    }
    pq.write_table(pa.table(table), path)
