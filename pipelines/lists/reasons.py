"""Why an item is in a list, in a code that a template turns into a sentence."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_matrix

from pipelines.candidates.generator import NO_ITEM, look_up
from pipelines.candidates.item_item import ItemItem
from pipelines.candidates.known import GENERATORS
from pipelines.interactions import IntArray
from pipelines.lists.settings import ReasonSettings

REASON_CODES = tuple(ReasonSettings.model_fields)
_CODE = {name: number for number, name in enumerate(REASON_CODES)}
OFTEN = 3  # purchases of the pair from which on it is “often”


def reason_codes(
    users: IntArray,
    items: IntArray,
    sources: np.ndarray,
    generators: list[str],
    history: csr_matrix,
    purchases: csr_matrix,
) -> np.ndarray:
    """uint8 code of each pair: what the user had before goes first, then its best generator."""
    names = [GENERATORS[name].reason for name in generators]
    by_generator = np.array([_CODE[name] for name in names], dtype=np.uint8)
    codes = by_generator[sources]
    codes[look_up(history, users, items) > 0] = _CODE["seen_before"]
    bought = look_up(purchases, users, items)
    codes[bought > 0] = _CODE["bought_before"]
    codes[bought >= OFTEN] = _CODE["bought_often"]
    return codes


def name_reason_items(
    codes: np.ndarray,
    users: IntArray,
    items: IntArray,
    wanted: np.ndarray,
    open_model: Callable[[], ItemItem],
) -> IntArray:
    """For pairs that “go with” something the user's own item that is nearest to them.

    A pair outside of *wanted*, or without such an item, becomes `similar_baskets` in *codes*.
    """
    reason_items = np.full(len(codes), NO_ITEM, dtype=np.int32)
    goes_with = codes == _CODE["goes_with"]
    rows = np.flatnonzero(goes_with & wanted)
    if len(rows):
        reason_items[rows] = open_model().nearest_own_items(users[rows], items[rows])
    codes[goes_with & (reason_items == NO_ITEM)] = _CODE["similar_baskets"]
    return reason_items


def reason_code(name: str) -> int:
    return _CODE[name]
