"""`feast serve`, asked for a user's list in two ways.

As one text, the kindest to it: the prepared body is the only feature. And as one would keep
recommendations in a feature store: a feature for each fact about the items, each a list.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.peers_runners.environments import make_environment
from benchmarks.peers_runners.feast_server import feast_server
from benchmarks.peers_runners.http_load import post
from benchmarks.serving_runners.contenders import (
    REQUIREMENTS,
    WORKERS,
    Contender,
    Place,
    is_ready,
    says,
)

FEAST, FEAST_LISTS = "feast", "feast_lists"
ENTITY = "user_id"
_TEXT, _LISTS = "recs", "listed"  # feature views


@contextmanager
def serve_feast(
    place: Place, users: Sequence[str], body: bytes
) -> Iterator[Mapping[str, Contender]]:
    """One `feast serve`, by each way of asking it, with what *body* says for each of *users*."""
    requirements = REQUIREMENTS / f"{FEAST}.txt"
    python = make_environment(requirements, place.environments, seconds=place.limit_s)
    # Feast puts the text into JSON: without quotes it stays as long as it is.
    text = {"body": body.decode().replace('"', "'")}
    lists = _columns(json.loads(body)["items"])
    paths = {}
    for view, row in ((_TEXT, text), (_LISTS, lists)):
        paths[view] = place.folder / f"{view}.parquet"
        table = {ENTITY: list(users)} | {name: [cell] * len(users) for name, cell in row.items()}
        pq.write_table(pa.table(table), paths[view])
    asks = {
        FEAST: partial(_ask, tuple(f"{_TEXT}:{name}" for name in text)),
        FEAST_LISTS: partial(_ask, tuple(f"{_LISTS}:{name}" for name in lists)),
    }
    with feast_server(
        place.folder / FEAST,
        paths,
        entity=ENTITY,
        port=place.port,
        python=python,
        workers=WORKERS,
        answers=lambda address: is_ready(says(address, asks[FEAST](users[0]))),
    ) as feast:
        yield {
            name: Contender(feast.address, feast.pid, ask, len(users)) for name, ask in asks.items()
        }


def _ask(features: tuple[str, ...], user: str) -> str:
    wish = {"features": features, "entities": {ENTITY: [user]}}
    return post("/get-online-features", json.dumps(wish))


def _columns(items: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Every fact about *items* as a list, reasons taken apart; nothing is an empty text."""
    flat = [
        {name: value for name, value in item.items() if name not in ("rank", "reason")}
        | {f"reason_{name}": value or "" for name, value in item["reason"].items()}
        for item in items
    ]
    return {name: [item[name] for item in flat] for name in flat[0]}
