"""Titles of items by their ids: for pages of people, not for lists, which know item numbers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

import redis

from store.keys import NamespaceKeys, VersionKeys
from store.versions import read_version


class Title(NamedTuple):
    """How an item is called, and what kind of thing it is."""

    title: str
    category: str


def find_titles(
    client: redis.Redis, namespace: str, version: str, item_ids: Iterable[str]
) -> dict[str, Title]:
    """Item id → title of those *item_ids* that the catalogue of *version* has.

    The catalogue is sorted by id, so each is found by halving, all of them in the same trips:
    one for each time that the number of blocks can be halved.
    """
    record = read_version(client, namespace, version)
    wanted = sorted(set(item_ids))
    if record is None or record.n_blocks == 0 or not wanted:
        return {}
    keys = NamespaceKeys(namespace).version(version)
    blocks: dict[int, dict[str, Title]] = {}
    within = dict.fromkeys(wanted, (0, record.n_blocks))  # the block is in [low, high)
    while unsure := [item for item, (low, high) in within.items() if high - low > 1]:
        middles = {item: sum(within[item]) // 2 for item in unsure}
        _read_blocks(client, keys, blocks, middles.values())
        for item, middle in middles.items():
            low, high = within[item]
            first = next(iter(blocks[middle]), None)
            is_after = first is not None and first <= item
            within[item] = (middle, high) if is_after else (low, middle)
    _read_blocks(client, keys, blocks, [low for low, _ in within.values()])
    return {item: blocks[low][item] for item, (low, _) in within.items() if item in blocks[low]}


def _read_blocks(
    client: redis.Redis,
    keys: VersionKeys,
    blocks: dict[int, dict[str, Title]],
    numbers: Iterable[int],
) -> None:
    """Add to *blocks* those of *numbers* that it lacks, in one trip."""
    cold = sorted(set(numbers) - blocks.keys())
    pipeline = client.pipeline(transaction=False)
    for number in cold:
        pipeline.get(keys.catalogue(number))
    for number, payload in zip(cold, pipeline.execute() if cold else [], strict=True):
        blocks[number] = _parse(payload)


def _parse(payload: bytes | None) -> dict[str, Title]:
    """Item id → title, in the order of the block; nothing of one that is gone or damaged."""
    try:
        rows = [] if payload is None else json.loads(payload)
        return {
            str(item_id): Title(str(title or ""), str(category or ""))
            for item_id, title, category, *_ in rows
        }
    except (ValueError, TypeError):
        return {}
