"""What the store knows of a caller's candidates: the user's list and vectors, in one trip."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from serving.features.rows import Ask
from serving.rank.wish import RankWish
from serving.shelf.snapshot import Snapshot
from store.keys import bucket_of
from store.trip import Command
from store.vectors import (
    NO_VECTORS,
    PackedVectorError,
    VectorModel,
    Vectors,
    kind_of_vectors,
    load_vectors,
    mean_vector,
    products,
    unpack_vector,
)

log = logging.getLogger("nightshelf.serving")

Note = Callable[[str, Exception], None]  # what is damaged, and how


@dataclass(frozen=True)
class RankRows:
    """Bytes as they came from the store."""

    packed: bytes | None = None  # the user's list
    user: bytes | None = None  # the user's vector
    items: Mapping[str, bytes] = field(default_factory=dict)  # of candidates and of the session


@dataclass(frozen=True)
class Known:
    """What orders candidates: scores of the user's list, and products of vectors."""

    stored: Mapping[str, float] = field(default_factory=dict)  # item id → score
    products: Mapping[str, float] = field(default_factory=dict)  # item id → product
    vector_of: str | None = None  # user, session; None: no vector speaks for anybody


def read_vectors(manifest: Mapping[str, Any]) -> Vectors:
    """The vectors of a version; none, and a line in the log, of another format."""
    try:
        return load_vectors(manifest)
    except PackedVectorError as error:
        log.error("version %s is used without %s", manifest["version"], error)
        return NO_VECTORS


def fetch_rank_rows(ask: Ask, snapshot: Snapshot, wish: RankWish) -> RankRows:
    """What there is for *wish*, in one trip: a command a bucket of items.

    Raises what the client raises when the store does not answer.
    """
    model = snapshot.vectors.of(wish.surface)
    keys, user = snapshot.keys, wish.user_id
    by_bucket: dict[int, list[str]] = {}
    commands: list[Command] = []
    if user is not None:
        bucket = bucket_of(user, snapshot.n_buckets)
        commands.append(("HGET", f"{snapshot.prefixes[wish.surface]}{bucket}", user))
    if model is not None:
        if user is not None:
            kind = kind_of_vectors(model.name, "user")
            key = keys.vectors(kind, bucket_of(user, model.n_buckets["user"]))
            commands.append(("HGET", key, user))
        for item in dict.fromkeys((*wish.items, *wish.session)):
            by_bucket.setdefault(bucket_of(item, model.n_buckets["item"]), []).append(item)
        prefix = keys.vectors_prefix(kind_of_vectors(model.name, "item"))
        commands += [("HMGET", f"{prefix}{number}", *names) for number, names in by_bucket.items()]
    answers = ask(commands) if commands else []
    n_items = len(by_bucket)
    packed, own = [*answers[: len(answers) - n_items], None, None][:2]
    asked = chain.from_iterable(by_bucket.values())
    rows = chain.from_iterable(answers[len(answers) - n_items :])
    items = {name: row for name, row in zip(asked, rows, strict=True) if row is not None}
    return RankRows(packed, own, items)


def multiply(
    model: VectorModel, wish: RankWish, rows: RankRows, note: Note
) -> tuple[dict[str, float], str | None]:
    """Item id → product of its vector with the user's, else with the mean of the session's.

    And whose vector that was: `user`, `session`, or None where there is none and no product.
    What is damaged goes to *note* and is left out.
    """
    vector, vector_of = _vector(model, wish, rows, note)
    if vector_of is None:
        return {}, None
    known = {item: rows.items[item] for item in wish.items if item in rows.items}
    found = {}
    for item, product in zip(known, products(vector, known.values()), strict=True):
        if product is None:
            note(f"the vector of item {item!r}", PackedVectorError("damaged bytes"))
        else:
            found[item] = product
    return found, vector_of


def _vector(
    model: VectorModel, wish: RankWish, rows: RankRows, note: Note
) -> tuple[list[float], str | None]:
    if wish.user_id is not None:
        bucket = bucket_of(wish.user_id, model.n_buckets["user"])  # a log names no user
        own = _unpack(model, f"the vector of a user of bucket {bucket}", rows.user, note)
        if own is not None:
            return own, "user"
    looked_at = [
        vector
        for item in wish.session
        if (vector := _unpack(model, f"the vector of item {item!r}", rows.items.get(item), note))
    ]
    return (mean_vector(looked_at), "session") if looked_at else ([], None)


def _unpack(model: VectorModel, what: str, row: bytes | None, note: Note) -> list[float] | None:
    if row is None:
        return None
    try:
        return unpack_vector(row, model.dimensions)
    except PackedVectorError as error:
        note(what, error)
        return None
