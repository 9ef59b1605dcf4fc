"""The LightGBM ranker: fit, save with a checksum, load only what the checksum knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np

from pipelines.files import hash_file, read_json, replacing, write_json
from pipelines.interactions import FloatArray
from pipelines.ranking.feature_columns import Vocabulary
from pipelines.ranking.matrix import NEUTRAL_POSITION, POSITION
from pipelines.ranking.settings import RankingSettings
from pipelines.ranking.training_set import TrainingSet
from settings.errors import NightshelfError

STOPPING_RANK = 20  # the NDCG that decides how many trees are grown


class RankerError(NightshelfError):
    """A ranker's file is damaged or does not fit what it is asked to score."""


@dataclass(frozen=True)
class Ranker:
    """A booster and what its columns mean."""

    booster: lightgbm.Booster
    columns: list[str]
    vocabulary: Vocabulary

    def score(self, matrix: FloatArray, columns: Sequence[str], threads: int) -> FloatArray:
        """Score of each row; higher is better. Raises `RankerError` on other columns.

        Where a row's item was shown is nothing to its score: all are scored at one place.
        """
        if list(columns) != self.columns:
            strange = sorted(set(columns) ^ set(self.columns))
            raise RankerError(
                f"the matrix does not have the columns that the ranker was trained on; "
                f"only one of them has {strange[:5]}"
            )
        if len(matrix) == 0:
            return np.empty(0, dtype=np.float32)
        matrix = self.at_one_place(matrix)
        # Raw, since the probabilities of a binary objective would be squashed a second time.
        scores = self.booster.predict(matrix, raw_score=True, num_threads=threads)
        return np.asarray(scores, dtype=np.float32)

    def at_one_place(self, matrix: FloatArray) -> FloatArray:
        """*matrix* with every item at `NEUTRAL_POSITION`; copied only where one is elsewhere."""
        if self.columns[-1] != POSITION or (matrix[:, -1] == NEUTRAL_POSITION).all():
            return matrix
        neutral = matrix.copy()
        neutral[:, -1] = NEUTRAL_POSITION
        return neutral

    def importance(self) -> dict[str, float]:
        """Total gain of each column, as a share of all."""
        gain = self.booster.feature_importance("gain")
        total = float(gain.sum()) or 1.0
        return {name: float(value) / total for name, value in zip(self.columns, gain, strict=True)}


@dataclass(frozen=True)
class BinnedRows:
    """Training sets as LightGBM holds them, a byte a value: to be fitted on more than once."""

    data: lightgbm.Dataset
    columns: list[str]
    vocabulary: Vocabulary
    newest_row: int  # where the rows of the last set begin
    threads: int


def bin_rows(
    sets: Sequence[TrainingSet],
    vocabulary: Vocabulary,
    settings: RankingSettings,
    *,
    threads: int,
    bins_of: BinnedRows | None = None,
) -> BinnedRows:
    """The rows of all *sets*, in their order.

    *bins_of*: rows whose bins are taken over; finding bins costs more than filling them.
    """
    columns = sets[0].columns
    relevance = np.concatenate([s.relevance for s in sets])
    data = lightgbm.Dataset(
        np.vstack([s.matrix for s in sets]),
        label=np.sign(relevance) if settings.objective == "binary" else relevance,
        group=np.concatenate([s.group_sizes for s in sets]),
        feature_name=[f"c{i}" for i in range(len(columns))],  # LightGBM forbids dots and brackets
        categorical_feature=[i for i, name in enumerate(columns) if name in vocabulary],
        reference=None if bins_of is None else bins_of.data,
        params={
            "max_bin": settings.max_bins,
            "min_data_in_leaf": settings.min_rows_per_leaf,  # a column that no split fits is out
            "num_threads": threads,
            "verbosity": -1,
        },
        free_raw_data=True,
    )
    newest_row = len(relevance) - len(sets[-1].relevance)
    return BinnedRows(data.construct(), columns, vocabulary, newest_row, threads)


def fit_ranker(
    rows: BinnedRows, settings: RankingSettings, *, seed: int, trees: int | None = None
) -> Ranker:
    """Trees over the users of all *rows*; the same input, the same trees.

    LambdaMART (Burges 2010) unless the settings say that each pair is judged alone.
    *trees*: how many; as many as in *settings* when it is not said.
    """
    booster = lightgbm.train(
        _parameters(settings, seed, rows.threads),
        rows.data,
        num_boost_round=trees or settings.trees,
    )
    return Ranker(booster, rows.columns, rows.vocabulary)


def choose_trees(rows: BinnedRows, settings: RankingSettings, *, seed: int) -> int:
    """How many trees, fitted on all sets but the last, rank the users of the last one best.

    By NDCG@20; the fit stops after `patience` trees without a better one.
    """
    n_rows = rows.data.num_data()
    older = rows.data.subset(range(rows.newest_row))
    newest = rows.data.subset(range(rows.newest_row, n_rows))
    stopping = lightgbm.early_stopping(settings.patience, verbose=False)
    booster = lightgbm.train(
        {**_parameters(settings, seed, rows.threads), "metric": "ndcg", "eval_at": [STOPPING_RANK]},
        older,
        num_boost_round=settings.trees,
        valid_sets=[newest],
        callbacks=[stopping],
    )
    return max(booster.best_iteration, 1)


def _parameters(settings: RankingSettings, seed: int, threads: int) -> dict[str, Any]:
    return {
        "objective": settings.objective,
        "lambdarank_truncation_level": settings.truncation,
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.leaves,
        "min_data_in_leaf": settings.min_rows_per_leaf,
        "feature_fraction": settings.feature_share,
        "seed": seed,
        "num_threads": threads,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }


def save_ranker(ranker: Ranker, path: Path) -> None:
    """The trees as text at *path*, what the columns mean and the checksum beside it."""
    with replacing(path) as beside:
        beside.write_text(ranker.booster.model_to_string(), encoding="utf-8")
    description = {
        "columns": ranker.columns,
        "vocabulary": ranker.vocabulary,
        "sha256": hash_file(path),
        "importance": ranker.importance(),
    }
    write_json(path.with_suffix(".json"), description)


def load_ranker(path: Path) -> Ranker:
    """The ranker at *path*, if its bytes are those that were saved.

    LightGBM reads a damaged text without complaint, or crashes the process:
    nothing is parsed before the checksum holds. Raises `RankerError` when it does not.
    """
    description = read_json(path.with_suffix(".json"))
    found = hash_file(path)
    if found != description["sha256"]:
        raise RankerError(
            f"{path}: SHA-256 is {found[:12]}…, expected {description['sha256'][:12]}…; "
            "the file was damaged or swapped: train again"
        )
    # No trial in a child process: what passes is, byte for byte, what LightGBM itself wrote.
    text = path.read_text(encoding="utf-8")
    return Ranker(
        lightgbm.Booster(model_str=text), description["columns"], description["vocabulary"]
    )
