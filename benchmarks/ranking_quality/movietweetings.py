"""MovieTweetings: ratings of 6 or more, before August 2013 and from then on."""

from __future__ import annotations

import gzip
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.ranking_quality.pairs import DataError
from benchmarks.ranking_quality.problem import Problem
from benchmarks.ranking_quality.timed import TimedEvents

CUTOFF = datetime(2013, 8, 1)
LIKED = 6  # of 10
PUBLISHED = {"recent popularity, 14 days": (0.1938, None), "item cosine": (0.0936, None)}


def read_movietweetings(folder: Path) -> Problem:
    """Recall@10 of films that the user has not rated; users and films of the training part."""
    ratings = _read(folder / "ratings.dat.gz", 4)
    films = {row[0]: (row[1], row[2]) for row in _read(folder / "movies.dat.gz", 3)}
    liked = [row for row in ratings if int(row[2]) >= LIKED]
    user_ids, users = np.unique([row[0] for row in liked], return_inverse=True)
    item_ids, items = np.unique([row[1] for row in liked], return_inverse=True)
    found = [films.get(item, ("", "")) for item in item_ids]
    catalogue = {
        "item_id": item_ids.tolist(),
        "title": [title for title, _ in found],
        "category": [genres.split("|")[0] for _, genres in found],
        "tags": [genres.split("|") for _, genres in found],
    }
    events = TimedEvents(
        users=users.astype(np.int32),
        items=items.astype(np.int32),
        moments=np.array([int(row[3]) for row in liked]).astype("datetime64[s]"),
        n_users=len(user_ids),
        n_items=len(item_ids),
        catalogue=pa.table(catalogue),
    )
    return events.problem("movietweetings", CUTOFF, PUBLISHED)


def _read(path: Path, columns: int) -> list[list[str]]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            rows = [line.rstrip("\n").split("::") for line in file]
    except OSError as error:
        raise DataError(f"{path}: {error}; put the data set of MovieTweetings there") from None
    wrong = next((n for n, row in enumerate(rows, 1) if len(row) != columns), None)
    if wrong:
        raise DataError(f"{path}, line {wrong}: expected {columns} fields between ::")
    return rows
