"""Why an item is in a list, in a code that a template turns into a sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.sparse import csr_matrix

from pipelines.candidates.generator import NO_ITEM, Explaining, Generator, look_up
from pipelines.candidates.known import GENERATORS
from pipelines.interactions import IntArray
from pipelines.lists.settings import ReasonSettings, placeholders

REASON_CODES = tuple(ReasonSettings.model_fields)
_CODE = {name: number for number, name in enumerate(REASON_CODES)}
OFTEN = 3  # purchases of the pair from which on it is “often”


def reason_codes(
    users: IntArray,
    items: IntArray,
    sources: np.ndarray,
    generators: Sequence[str],
    history: csr_matrix,
    purchases: csr_matrix,
) -> np.ndarray:
    """uint8 code of each pair: what the user had before goes first, then its best generator."""
    codes = _codes_of(generators)[sources]
    codes[look_up(history, users, items) > 0] = _CODE["seen_before"]
    bought = look_up(purchases, users, items)
    codes[bought > 0] = _CODE["bought_before"]
    codes[bought >= OFTEN] = _CODE["bought_often"]
    return codes


def name_reason_items(
    codes: np.ndarray,
    sources: np.ndarray,
    users: IntArray,
    items: IntArray,
    wanted: np.ndarray,
    generators: Sequence[str],
    open_generator: Callable[[str], Generator],
) -> IntArray:
    """For each pair the user's own item that is nearest to it by its best generator.

    `NO_ITEM` outside of *wanted*, where the reason is not the generator's, and where the generator
    cannot say.
    """
    reason_items = np.full(len(codes), NO_ITEM, dtype=np.int32)
    asked = wanted & (codes == _codes_of(generators)[sources])
    for number, name in enumerate(generators):
        rows = np.flatnonzero(asked & (sources == number))
        if len(rows) == 0 or not issubclass(GENERATORS[name], Explaining):
            continue
        model = open_generator(name)
        if isinstance(model, Explaining):
            reason_items[rows] = model.nearest_own_items(users[rows], items[rows])
    return reason_items


def without_namesakes(reason_items: IntArray, items: IntArray, title: IntArray) -> IntArray:
    """*reason_items* without those of the item's own title: no item goes well with itself.

    *title* has a number for each item of the catalogue; one number, one title.
    """
    namesake = (reason_items != NO_ITEM) & (title[reason_items] == title[items])
    return np.where(namesake, NO_ITEM, reason_items).astype(np.int32)


def settle_codes(
    codes: np.ndarray, reason_items: IntArray, has_segment: np.ndarray, templates: ReasonSettings
) -> np.ndarray:
    """*codes* with others in place of those whose template names what the pair does not have."""
    settled = codes.copy()
    needs_item = _needs(templates, "item")
    no_item = needs_item[codes] & (reason_items == NO_ITEM)
    settled[no_item] = _CODE["similar_baskets"]
    settled[no_item & needs_item[settled]] = _CODE["for_you"]
    no_segment = _needs(templates, "segment")[codes] & ~has_segment
    settled[no_segment] = _CODE["popular_now"]
    return settled


def names_segment(templates: ReasonSettings) -> bool:
    """Whether some template has a place for the user's segment."""
    return bool(_needs(templates, "segment").any())


def reason_code(name: str) -> int:
    return _CODE[name]


def _codes_of(generators: Sequence[str]) -> np.ndarray:
    """The code of each of *generators*, as its class says."""
    return np.array([_CODE[GENERATORS[name].reason] for name in generators], dtype=np.uint8)


def _needs(templates: ReasonSettings, name: str) -> np.ndarray:
    """For each code whether its template has a place for *name*."""
    texts = templates.model_dump().values()
    return np.array([name in placeholders(text) for text in texts], dtype=bool)
