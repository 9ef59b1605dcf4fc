"""Turns lists into the bytes that the store will hold, in the order of its buckets."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.index import Index
from pipelines.interactions import FloatArray, IntArray
from pipelines.lists.fallback import FallbackList
from pipelines.lists.listed import Listed
from store.keys import bucket_of
from store.packed import HAD, SCORE_STEPS, pack_list
from store.packed import NO_ITEM as NO_PACKED_ITEM

BLOCK_SIZE = 256  # catalogue rows a block: about 20 kB, one trip for a cold one


def pack_lists(listed: Listed) -> Iterator[tuple[int, bytes]]:
    """(user number, packed list) of every user in *listed*, which rules may have emptied."""
    if len(listed.users) == 0:
        return
    starts = np.flatnonzero(np.r_[True, listed.users[1:] != listed.users[:-1]])
    ends = np.r_[starts[1:], len(listed.users)]
    high = listed.scores[starts]
    low = listed.scores[ends - 1]
    steps = _quantise(listed.scores, np.repeat(low, ends - starts), np.repeat(high, ends - starts))
    numbers = listed.items.astype("<u4")
    reason_items = _packed_items(listed.reason_items)
    sources = listed.sources | np.where(listed.had, HAD, 0).astype(np.uint8)
    for row, (start, end) in enumerate(zip(starts, ends, strict=True)):
        part = slice(start, end)
        yield (
            int(listed.users[start]),
            pack_list(
                float(low[row]),
                float(high[row]),
                numbers[part].data,
                steps[part].data,
                listed.reasons[part].data,
                sources[part].data,
                reason_items[part].data,
            ),
        )


def pack_fallback(fallback: FallbackList, source: int) -> bytes:
    """A shared list in the same form; every item has the list's reason."""
    n = len(fallback.items)
    low, high = (float(fallback.scores[-1]), float(fallback.scores[0])) if n else (0.0, 0.0)
    return pack_list(
        low,
        high,
        fallback.items.astype("<u4").data,
        _quantise(fallback.scores, np.full(n, low), np.full(n, high)).data,
        np.full(n, fallback.reason, dtype=np.uint8).data,
        np.full(n, source, dtype=np.uint8).data,
        np.full(n, NO_PACKED_ITEM, dtype="<u4").data,
    )


def write_by_bucket(
    path: Path,
    ids: Sequence[str],
    values: Sequence[bytes],
    column: str,
    n_buckets: int,
    *,
    id_column: str = "user_id",
) -> None:
    """A Parquet file of (bucket, *id_column*, *column*), sorted as the store will take it."""
    buckets = np.array([bucket_of(entity, n_buckets) for entity in ids], dtype=np.int32)
    order = np.lexsort((np.array(ids, dtype=object), buckets))
    table = pa.table(
        {
            "bucket": buckets[order],
            id_column: pa.array([ids[i] for i in order], type=pa.string()),
            column: pa.array([values[i] for i in order], type=pa.binary()),
        }
    )
    # Packed numbers hardly compress: plain bytes are faster to publish.
    pq.write_table(table, path, compression="none", use_dictionary=False, row_group_size=10_000)


def write_catalogue(path: Path, index: Index) -> None:
    """Blocks of [item id, title, category, price] in order of the item numbers."""
    columns = [index.items[name].to_pylist() for name in ("item_id", "title", "category", "price")]
    rows = [
        [item, title, category, None if price is None else float(price)]
        for item, title, category, price in zip(*columns, strict=True)
    ]
    blocks = [rows[start : start + BLOCK_SIZE] for start in range(0, len(rows), BLOCK_SIZE)]
    payloads = [_compact_json(block) for block in blocks]
    numbers = np.arange(len(blocks), dtype=np.int32)
    pq.write_table(pa.table({"block": numbers, "payload": payloads}), path, compression="zstd")


def write_fallback(path: Path, lists: list[FallbackList], sources: list[str]) -> None:
    """Field → packed list; the source of a shared list is the popularity it came from."""
    packed = [pack_fallback(f, sources.index("recent_popularity")) for f in lists]
    table = pa.table({"field": [f.field for f in lists], "packed": pa.array(packed, pa.binary())})
    pq.write_table(table, path, compression="zstd")


def pack_user_row(row: dict[str, Any]) -> bytes:
    return _compact_json(row)


def _quantise(scores: FloatArray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Each score as a step of 65535 between the lowest and the highest of its list."""
    span = np.where(high > low, high - low, 1)
    return np.rint((scores - low) / span * SCORE_STEPS).astype("<u2")


def _packed_items(items: IntArray) -> np.ndarray:
    return np.where(items < 0, NO_PACKED_ITEM, items.astype(np.int64)).astype("<u4")


def _compact_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
