"""Pairs of made users with made tastes, in the format of the splits: for a look without data."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

USERS, ITEMS, TASTES = 400, 300, 10
PAIRS = 20  # of a user; every fifth is for testing


def write_made_pairs(folder: Path, seed: int = 0) -> None:
    """Writes `train.txt.gz` and `test.txt.gz`; users take popular items of their own tastes."""
    random = np.random.default_rng(seed)
    taste_of_item = random.integers(0, TASTES, ITEMS)
    popularity = 1 / (1 + random.permutation(ITEMS)) ** 0.7
    lines: dict[str, list[str]] = {"train": [], "test": []}
    for user in range(USERS):
        liked = random.choice(TASTES, 2, replace=False)
        weights = popularity * np.where(np.isin(taste_of_item, liked), 10, 1)
        items = random.choice(ITEMS, PAIRS, replace=False, p=weights / weights.sum())
        items = random.permutation(items)  # the first ones drawn are the popular ones
        for name, part in (("train", items[PAIRS // 5 :]), ("test", items[: PAIRS // 5])):
            lines[name].append(" ".join(map(str, [user, *part])))
    for name, rows in lines.items():
        with gzip.open(folder / f"{name}.txt.gz", "wt", encoding="ascii") as file:
            file.write("\n".join(rows) + "\n")
