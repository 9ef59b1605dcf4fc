"""The body of an answer as text: what stands in JSON already goes out as it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from json.encoder import encode_basestring

from serving.lists.explanation import Explanation
from serving.lists.provenance import Provenance
from serving.lists.tiers import Filled
from serving.lists.wish import ITEM_FIELDS, Wish
from serving.settings import Tier
from store.keys import DEFAULT_VARIANT
from store.recommendation import write_id

# Places of the form below.
_VALUES = {
    "rank": "{0}",
    "item_id": "{1}",
    "score": "{2}",
    "title": "{3}",
    "category": "{4}",
    "reason": "{5}",
    "source": "{6}",
    "tier": '"{7}"',
    "propensity": "1.0",
    "explanation": "{8}",
}

_MOST = ITEM_FIELDS[:-1]


def write_answer(
    wish: Wish,
    filled: Filled,
    provenance: Provenance,
    last_tier: Tier,
    explanations: Mapping[str, Explanation] | None,
    *,
    recommendation_id: str,
    is_stale: bool,
    rules: Sequence[str] = (),
) -> str:
    """The answer to *wish*: `served_by` is the tier of the first item, *last_tier* of none.

    *explanations* are those of the personal list, by item id; None where nobody asked.
    *rules* are named where explanations are.
    """
    items = _write_items(wish, filled, explanations)
    applied = "" if explanations is None else f', "rules": {json.dumps(rules)}'
    user = "null" if wish.user_id is None else encode_basestring(wish.user_id)
    return (
        f'{{"user_id": {user}, "surface": {encode_basestring(wish.surface)}, '
        f'"served_by": "{filled[0][0] if filled else last_tier}", '
        f'"items": [{", ".join(items)}], '
        f'"recommendation_id": "{recommendation_id}", '
        f"{_tail(provenance, is_stale)}{applied}}}"
    )


def _write_items(
    wish: Wish, filled: Filled, explanations: Mapping[str, Explanation] | None
) -> list[str]:
    ranked = enumerate(filled, wish.offset + 1)
    if wish.fields == _MOST:  # as most answers are: the form of all but explanations, spelt out
        return [
            f'{{"rank": {rank}, "item_id": {row.id_text}, "score": {score}, '
            f'"title": {row.title_text}, "category": {row.category_text}, "reason": {reason}, '
            f'"source": {source}, "tier": "{tier}", "propensity": 1.0}}'
            for rank, (tier, (row, score, reason, source, _)) in ranked
        ]
    write = _form(wish.fields)
    items = []
    for rank, (tier, (row, score, reason, source, _)) in ranked:
        explanation = None
        if explanations is not None and tier == "personal":
            explanation = explanations.get(row.item_id)
        said = "null" if explanation is None else json.dumps(explanation, ensure_ascii=False)
        texts = (row.title_text, row.category_text, reason, source, tier, said)
        items.append(write(rank, row.id_text, score, *texts))
    return items


def identify(key: bytes, wish: Wish, filled: Filled, provenance: Provenance) -> str:
    """The same for the same answer: to whom, where, of which version, which items, why."""
    return write_id(
        key,
        user_id=wish.user_id,
        version=provenance.version,
        surface=wish.surface,
        variant=DEFAULT_VARIANT,
        offset=wish.offset,
        items=[(shown.row.item_id, tier) for tier, shown in filled],
    )


@lru_cache(maxsize=64)
def _form(fields: tuple[str, ...]) -> Callable[..., str]:
    """Writes an item with those members."""
    members = ", ".join(f'"{name}": {_VALUES[name]}' for name in fields)
    return f"{{{{{members}}}}}".format


@lru_cache(maxsize=8)
def _tail(provenance: Provenance, is_stale: bool) -> str:
    """What is the same for every answer from the same lists."""
    members = {
        "version": provenance.version,
        "model": provenance.model,
        "generated_at": provenance.generated_at,
        "published_at": provenance.published_at,
        "stale": is_stale,
        "experiment": None,
    }
    return json.dumps(members, ensure_ascii=False)[1:-1]
