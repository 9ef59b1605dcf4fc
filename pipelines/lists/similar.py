"""For every item those next to it, packed like lists: what a session is answered from by day."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pipelines.candidates.fit import load_generator, used_generators
from pipelines.candidates.neighbours import Neighbours
from pipelines.index import Index
from pipelines.inputs import run_cutoffs
from pipelines.lists.listed import Listed, places
from pipelines.lists.pack import pack_lists, write_by_bucket
from pipelines.lists.reasons import REASON_CODES
from pipelines.lists.rules import load_rules
from pipelines.lists.settings import ListSettings, SimilarSettings
from pipelines.publish.lists_directory import SIMILAR_FILE
from pipelines.runs import Run
from pipelines.surfaces import SurfaceSettings
from settings.errors import NightshelfError
from store.keys import bucket_count


class SimilarError(NightshelfError):
    """The chosen generator knows no items next to items."""


def write_similar(run: Run, index: Index, directory: Path) -> dict[str, Any] | None:
    """Writes the neighbours of every item that has some; what the manifest says of them.

    None where none are wanted, or where no surface uses the default generator.
    Raises `SimilarError` when a generator was chosen that no surface uses, or that has none.
    """
    settings = run.settings.read(SimilarSettings)
    if settings.generator not in used_generators(run):
        if run.settings.is_written(("similar", "generator")):
            raise SimilarError(
                f"[similar] generator = {settings.generator!r}: no surface uses it; expected one "
                f"of {', '.join(used_generators(run))}"
            )
        return None
    if settings.items == 0:
        return None
    packed = dict(pack_lists(_list_similar(run, index, settings)))
    n_buckets = bucket_count(len(packed))
    write_by_bucket(
        directory / SIMILAR_FILE,
        [index.item_ids[item] for item in packed],
        list(packed.values()),
        "packed",
        n_buckets,
        id_column="item_id",
    )
    return {"n_buckets": n_buckets, "n_items": len(packed), "generator": settings.generator}


def _list_similar(run: Run, index: Index, settings: SimilarSettings) -> Listed:
    """A list for every item that has neighbours: by the rules of all lists, nearest first."""
    model = load_generator(run, run_cutoffs(run).night, settings.generator)
    if not isinstance(model, Neighbours):
        raise SimilarError(
            f"[similar] generator = {settings.generator!r} has no items next to items; expected "
            "item_item, item_bm25, item_tfidf, next_item or bought_together"
        )
    items, neighbours, scores = model.nearest_items()
    rules = load_rules(index, run.settings.read(ListSettings), SurfaceSettings())
    chosen = rules.select(items, neighbours, scores)
    chosen = chosen[places(items[chosen]) < settings.items]
    items, neighbours, scores = items[chosen], neighbours[chosen], scores[chosen]
    source = used_generators(run).index(settings.generator)
    n = len(items)
    return Listed(
        users=items,
        ranks=(places(items) + 1).astype(np.int16),
        items=neighbours,
        scores=scores,
        reasons=np.full(n, REASON_CODES.index(model.reason), dtype=np.uint8),
        sources=np.full(n, source, dtype=np.uint8),
        reason_items=items,
        generators=np.full(n, 1 << source, dtype=np.uint32),
        had=np.zeros(n, dtype=bool),
    )
