"""Made lists as the lists stage leaves them: many users, a catalogue with titles, one surface.

Everything goes through the lists stage's own packing, so that a change of the format is measured
and not imitated.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.index import Index
from pipelines.interactions import IntArray
from pipelines.lists.fallback import FallbackList
from pipelines.lists.listed import Listed, places
from pipelines.lists.pack import (
    BLOCK_SIZE,
    pack_lists,
    pack_user_row,
    write_by_bucket,
    write_catalogue,
    write_fallback,
)
from pipelines.lists.reasons import REASON_CODES, reason_code
from pipelines.lists.settings import ListSettings, ReasonSettings
from pipelines.lists.user_rows import LAST_ITEMS
from store.had import pack_had
from store.keys import bucket_count

NAMESPACE = "bench"
SURFACE = "home"
RUN = "20180101T000000-000000000000"
VERSION = f"{RUN}-00000000"
SEED = 0
CHUNK = 10_000  # users at a time
POPULARITY = 0.7  # exponent of the items' popularity
HAD_SHARE = 0.03  # of listed items that the user had before
HAD_EACH = 8  # items of the shared lists that a user had
CATEGORIES = 240
SEGMENTS = tuple(
    f"{age}, {home}" for age in ("25-34", "35-44", "45-54") for home in ("flat", "house")
)
# Each generator, and the reason that what it found is given.
SOURCES = {
    "als": "similar_baskets",
    "item_item": "goes_with",
    "bought_together": "bought_together",
    "next_item": "comes_next",
    "own_most_frequent": "bought_often",
    "recent_popularity": "popular_now",
}
NAMES_ITEM = ("goes_with", "bought_together", "comes_next")
_FIRST = ("Organic", "Smoked", "Classic", "Crème", "Roasted", "Family", "Light", "Wild", "Jalapeño")
_SECOND = ("Oat", "Salmon", "Tomato", "Café", "Almond", "Pepper", "Chicken", "Berry", "Spinach")
_THIRD = ("Drink", "Fillets", "Soup", "Blend", "Bars", "Crisps", "Noodles", "Yoghurt", "Pie")


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is made."""

    users: int = 200_000
    length: int = 100  # stored items of each
    items: int = 20_000  # of the catalogue


def user_names(n_users: int) -> list[str]:
    """Ids of the made users, in order."""
    return [f"user-{number:07d}" for number in range(n_users)]


def write_lists(directory: Path, size: Size) -> Path:
    """Lists, user rows, catalogue and shared lists of *size*, with a manifest, in *directory*."""
    random = np.random.default_rng(SEED)
    index = Index(_items(size.items), pa.table({"user_id": user_names(size.users)}))
    names = user_names(size.users)
    n_buckets = bucket_count(size.users)
    packed = [
        data
        for first in range(0, size.users, CHUNK)
        for _, data in pack_lists(_list_chunk(random, first, size))
    ]
    write_by_bucket(directory / f"lists-{SURFACE}.parquet", names, packed, "packed", n_buckets)
    shared = _shared_lists(random, size)
    had_items = np.unique(np.concatenate([fallback.items for fallback in shared]))
    rows = _user_rows(random, index, size, had_items)
    write_by_bucket(directory / "users.parquet", names, rows, "row", n_buckets)
    write_catalogue(directory / "catalogue.parquet", index)
    write_fallback(directory / "fallback.parquet", shared, list(SOURCES))
    manifest = _manifest(size, n_buckets, index.item_ids[had_items].tolist())
    (directory / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return directory


def _items(n_items: int) -> pa.Table:
    """A row an item: titles of about thirty characters, no two alike."""
    words = [(a, b, c) for c in _THIRD for b in _SECOND for a in _FIRST]
    titles = [
        f"{' '.join(words[k % len(words)])}, {50 + 25 * (k // len(words))} g"
        for k in range(n_items)
    ]
    return pa.table(
        {
            "item_id": [f"item-{k:06d}" for k in range(n_items)],
            "title": titles,
            "category": [
                f"{_THIRD[k % 9].lower()} & {_SECOND[k % 7].lower()} {k % CATEGORIES}"
                for k in range(n_items)
            ],
            "price": [round(0.5 + (k * 37 % 1000) / 100, 2) for k in range(n_items)],
        }
    )


def _list_chunk(random: np.random.Generator, first: int, size: Size) -> Listed:
    """The lists of at most `CHUNK` users from *first* on."""
    n_users = min(CHUNK, size.users - first)
    n = n_users * size.length
    users = np.repeat(np.arange(first, first + n_users, dtype=np.int32), size.length)
    ranks = places(users)
    sources = random.integers(0, len(SOURCES), n).astype(np.uint8)
    codes = np.array([reason_code(name) for name in SOURCES.values()], dtype=np.uint8)[sources]
    names_item = np.isin(codes, [reason_code(name) for name in NAMES_ITEM])
    names_item &= ranks < ListSettings().explained_items
    scores = -np.sort(-random.random((n_users, size.length)), axis=1)
    return Listed(
        users=users,
        ranks=(ranks + 1).astype(np.int16),
        items=_distinct_items(random, n_users, size).reshape(-1),
        scores=scores.reshape(-1).astype(np.float32),
        reasons=codes,
        sources=sources,
        reason_items=np.where(names_item, random.integers(0, size.items, n), -1).astype(np.int32),
        generators=np.zeros(n, dtype=np.uint32),
        had=random.random(n) < HAD_SHARE,
    )


def _distinct_items(random: np.random.Generator, n_users: int, size: Size) -> IntArray:
    """Items by popularity, shape (n_users, length), none twice in a row.

    The largest of `log(u) / weight` would need a number for every item; here a row draws more than
    it needs and keeps the first of each.
    """
    weights = 1.0 / np.arange(1, size.items + 1) ** POPULARITY
    edges = np.cumsum(weights / weights.sum())
    popular = np.random.default_rng(SEED).permutation(size.items).astype(np.int32)
    drawn = np.searchsorted(edges, random.random((n_users, 2 * size.length))).clip(
        0, size.items - 1
    )
    # Whatever was drawn, enough different ones follow.
    rest = (np.arange(size.length) + random.integers(0, size.items, (n_users, 1))) % size.items
    drawn = np.concatenate([drawn, rest], axis=1)
    order = np.argsort(drawn, axis=1, kind="stable")
    ordered = np.take_along_axis(drawn, order, axis=1)
    is_new = np.empty(drawn.shape, dtype=bool)
    np.put_along_axis(is_new, order, np.diff(ordered, axis=1, prepend=-1) != 0, axis=1)
    kept = is_new & (np.cumsum(is_new, axis=1) <= size.length)
    return np.asarray(popular[drawn[kept]].reshape(n_users, size.length))


def _shared_lists(random: np.random.Generator, size: Size) -> list[FallbackList]:
    """Trending, global and a list a segment, as long as the lists stage makes them."""
    length = min(ListSettings().fallback_length, size.items)
    reasons = {"trending": "popular_now", "global": "popular"}
    reasons |= {f"segment/{name}": "popular_in_segment" for name in SEGMENTS}
    popular = random.permutation(size.items)[: 2 * length].astype(np.int32)
    scores = np.linspace(1.0, 0.1, length, dtype=np.float32)
    return [
        FallbackList(
            f"{SURFACE}/{field}", random.permutation(popular)[:length], scores, reason_code(reason)
        )
        for field, reason in reasons.items()
    ]


def _user_rows(
    random: np.random.Generator, index: Index, size: Size, had_items: npt.NDArray[np.int32]
) -> list[bytes]:
    """Segment, top categories, last items and what was had, of every user in order."""
    last = index.item_ids[random.integers(0, size.items, (size.users, LAST_ITEMS))].tolist()
    had = random.integers(0, len(had_items), (size.users, HAD_EACH)).tolist()
    categories = index.items["category"].to_pylist()
    return [
        pack_user_row(
            {
                "segment": SEGMENTS[user % len(SEGMENTS)],
                "top_categories": [categories[(user + step) % size.items] for step in range(3)],
                "last_items": last[user],
                "had": pack_had(set(had[user])),
            }
        )
        for user in range(size.users)
    ]


def _manifest(size: Size, n_buckets: int, had_items: list[str]) -> dict[str, object]:
    templates = ReasonSettings().model_dump()
    return {
        "version": VERSION,
        "run_id": RUN,
        "namespace": NAMESPACE,
        "as_of": "2018-01-01T00:00:00",
        "model": "made",
        "lists_hash": "0" * 64,
        "n_buckets": n_buckets,
        "block_size": BLOCK_SIZE,
        "variants": ["default"],
        "surfaces": {
            # A surface without repeats, so that what a user had is filtered out of every answer.
            SURFACE: {
                "n_users": size.users,
                "n_items_mean": float(size.length),
                "label": "purchased_new",
                "repeats": False,
            }
        },
        "had_items": had_items,
        "reasons": [{"code": code, "text": templates[code]} for code in REASON_CODES],
        "sources": list(SOURCES),
        "metrics": {},
        "counts": {"users": size.users, "items": size.items},
    }
