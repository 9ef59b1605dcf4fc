"""The last gate: what publishing would ship is fit to be seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from pipelines.candidates.fit import load_history
from pipelines.index import Index, load_index
from pipelines.inputs import run_cutoffs
from pipelines.lists.explained import explain_path, read_explained
from pipelines.quality.gate import pass_gate
from pipelines.quality.listed_arrays import ListedArrays, Mask, load_listed, missing_columns
from pipelines.quality.measurements import Expectation, Measurement, Row
from pipelines.quality.settings import QualitySettings
from pipelines.runs import Run
from pipelines.surfaces import SurfacesSettings

GATE = "lists"
_REBUILD = "correct the rules in pipelines/lists and run the night again"

COLUMNS = Expectation(
    name="columns", meaning="the lists have their columns", remedy=_REBUILD, unit="columns"
)
IN_CATALOGUE = Expectation(
    name="in_catalogue", meaning="users and items are rows of the run's index", remedy=_REBUILD
)
AVAILABLE = Expectation(name="available", meaning="every item is available", remedy=_REBUILD)
RANKS = Expectation(
    name="ranks",
    meaning="users ascend, and the ranks of a list are 1, 2, 3 … without holes",
    remedy=_REBUILD,
)
FINITE = Expectation(
    name="finite_scores",
    meaning="every score is a finite number",
    remedy="look for features or generator scores that are not finite",
)
SORTED = Expectation(name="sorted_scores", meaning="no score rises with the rank", remedy=_REBUILD)
NO_DUPLICATES = Expectation(
    name="no_duplicates", meaning="no item stands twice in a list", remedy=_REBUILD
)
UNIQUE_BY = Expectation(
    name="unique_by", meaning="no list shows two items alike by [lists] unique_by", remedy=_REBUILD
)
NOT_HAD_BEFORE = Expectation(
    name="no_repeats",
    meaning="a surface without repeats shows nothing from the user's history",
    remedy=_REBUILD,
)
EXPLAINED = Expectation(
    name="explained_items",
    meaning="only items of the user's own list are explained",
    remedy=_REBUILD,
)


def check_lists(run: Run) -> Mapping[str, Any]:
    """Judges the lists of every surface of *run*.

    Raises `QualityError` when a measurement is out of range.
    """
    index = load_index(run)
    history = load_history(run, run_cutoffs(run).night)
    measured: list[Measurement] = []
    rows: dict[str, int] = {}
    for surface, settings in run.settings.read(SurfacesSettings).items():
        path = run.path("lists", f"listed-{surface}.parquet")
        missing = missing_columns(path)
        measured.append(
            Measurement(
                expectation=COLUMNS,
                about=path.name,
                found=len(missing),
                detail=f"missing, or not numbers: {', '.join(missing)}" if missing else "",
            )
        )
        if missing:
            continue
        listed = load_listed(path, index)
        rows[surface] = len(listed.users)
        shown_before = None if settings.repeats else history
        measured += _measure_rows(run, path.name, listed, shown_before)
        measured += _measure_shares(run, path.name, listed, history)
        measured.append(_measure_explained(run, surface, listed))
    return {**pass_gate(run, GATE, measured, rows), **{f"{k}_rows": n for k, n in rows.items()}}


def _measure_rows(
    run: Run, file: str, listed: ListedArrays, shown_before: csr_matrix | None
) -> list[Measurement]:
    """Rows of one surface that break a rule; *shown_before*: pairs that may not be listed."""
    rules = run.manifest["settings"]["lists"]
    masks: list[tuple[Expectation, str, Mask]] = [
        (IN_CATALOGUE, "item", listed.not_in_catalogue()),
        (RANKS, "rank", listed.not_in_order()),
        (FINITE, "score", listed.not_finite()),
        (SORTED, "score", listed.rising()),
        (NO_DUPLICATES, "item", listed.repeated("item")),
    ]
    if rules.get("only_available", True):
        masks.append((AVAILABLE, "item", listed.not_available()))
    unique_by = rules.get("unique_by", "item")
    if unique_by != "item":
        masks.append((UNIQUE_BY, unique_by, listed.repeated(unique_by)))
    if shown_before is not None:
        masks.append((NOT_HAD_BEFORE, "item", listed.had_before(shown_before)))
    return [
        Measurement(
            expectation=expectation,
            about=f"{file} {column}",
            found=int(broken.sum()),
            failing_rows=listed.show(broken),
        )
        for expectation, column, broken in masks
    ]


def _measure_explained(run: Run, surface: str, listed: ListedArrays) -> Measurement:
    """Explained pairs that are not listed; a surface without explanations has none."""
    path = explain_path(run.path("lists"), surface)
    pairs = read_explained(path, listed.index) if path.exists() else np.empty((2, 0), np.int64)
    broken = listed.not_listed(*pairs)
    return Measurement(
        expectation=EXPLAINED,
        about=path.name,
        found=int(broken.sum()),
        failing_rows=lambda limit: [
            {"user": int(user), "item": int(item)} for user, item in pairs[:, broken].T[:limit]
        ],
    )


def _measure_shares(
    run: Run, file: str, listed: ListedArrays, history: csr_matrix
) -> list[Measurement]:
    """How many users got a list, and how much of the catalogue is in some list."""
    quality = run.settings.read(QualitySettings)
    index = listed.index
    short = listed.list_sizes < quality.min_list_items
    active = np.diff(history.indptr) > 0
    empty = active & (listed.list_sizes == 0)
    n_listed = len(np.unique(listed.items[listed.known]))
    return [
        Measurement(
            expectation=_at_least_share(
                "fill_rate",
                f"users have a list of at least {quality.min_list_items} items",
                "min_fill_rate",
                quality.min_fill_rate,
            ),
            about=file,
            found=float(1 - short.sum() / max(index.n_users, 1)),
            detail=f"{int(short.sum())} of {index.n_users} users have less",
            failing_rows=lambda limit: _show_users(index, listed, short, limit),
        ),
        Measurement(
            expectation=_at_least_share(
                "active_fill_rate",
                "users with an event have a list",
                "min_active_fill_rate",
                quality.min_active_fill_rate,
            ),
            about=file,
            found=float(1 - empty.sum() / max(int(active.sum()), 1)),
            detail=f"{int(empty.sum())} of {int(active.sum())} users have none",
            failing_rows=lambda limit: _show_users(index, listed, empty, limit),
        ),
        Measurement(
            expectation=_at_least_share(
                "coverage",
                "the catalogue is in some list",
                "min_coverage",
                quality.min_coverage,
            ),
            about=file,
            found=n_listed / max(index.n_items, 1),
            detail=f"{n_listed} of {index.n_items} items",
        ),
    ]


def _at_least_share(name: str, meaning: str, key: str, least: float) -> Expectation:
    return Expectation(
        name=name,
        meaning=f"enough of {meaning}" if name == "coverage" else f"enough {meaning}",
        remedy=f"see which generators and rules leave too little, or lower [quality] {key}",
        at_least=least,
        at_most=1,
        unit="share",
    )


def _show_users(index: Index, listed: ListedArrays, wanted: Mask, limit: int) -> list[Row]:
    return [
        {"user_id": index.user_ids[user], "n_items": int(listed.list_sizes[user])}
        for user in np.flatnonzero(wanted)[:limit]
    ]
