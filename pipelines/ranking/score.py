"""Scores the candidates of many users with bounded memory, in shards that can run side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from pipelines.candidates.fit import load_history, used_generators
from pipelines.candidates.generate import BLOCK_USERS, Candidates, CandidateSource, open_candidates
from pipelines.candidates.generator import NO_ITEM, look_up
from pipelines.files import replacing
from pipelines.index import Index, load_index
from pipelines.inputs import run_cutoffs
from pipelines.interactions import FloatArray, IntArray
from pipelines.moments import NightSettings
from pipelines.progress import progress
from pipelines.ranking.contributions import Explainer, explained_path, open_explainer
from pipelines.ranking.feature_columns import FeatureColumns, open_features_of
from pipelines.ranking.matrix import build_matrix, column_names
from pipelines.ranking.ranker import Ranker
from pipelines.ranking.settings import RankingSettings
from pipelines.ranking.train import open_ranker
from pipelines.runs import Run
from pipelines.surfaces import SurfacesSettings

# Rules may drop items, so that more than a list's length is kept for them to choose from.
SPARE_FACTOR = 2


@dataclass(frozen=True)
class Ranked:
    """Candidates by user and falling score, ties by item number; one row a pair.

    Scores are squashed to 0 … 1: lambdarank's own have no bounds and no meaning but order.
    """

    users: IntArray
    items: IntArray
    scores: FloatArray
    sources: np.ndarray  # uint8: position in `used_generators` of the one that ranked the item best
    generators: np.ndarray  # uint32: bit n is set if the n-th of `used_generators` proposed it

    def take(self, rows: np.ndarray) -> Ranked:
        """The rows that *rows* (a mask or positions) selects."""
        columns = (self.users, self.items, self.scores, self.sources, self.generators)
        return Ranked(*(column[rows] for column in columns))

    def first_items(self, users: IntArray, k: int) -> IntArray:
        """The first *k* items of each of *users*, (len(users), k), padded with `NO_ITEM`."""
        lists = np.full((len(users), k), NO_ITEM, dtype=np.int32)
        starts = np.searchsorted(self.users, users, side="left")
        ends = np.searchsorted(self.users, users, side="right")
        for row, (start, end) in enumerate(zip(starts, ends, strict=True)):
            items = self.items[start : min(end, start + k)]
            lists[row, : len(items)] = items
        return lists

    def candidate_recall(self, users: IntArray, truth: csr_matrix) -> float:
        """Mean share of the truth that is among the candidates: the ceiling of any ranker."""
        found = look_up(truth, self.users, self.items) > 0
        n_found = np.bincount(self.users[found], minlength=truth.shape[0])[users]
        return round(float((n_found / np.diff(truth.indptr)[users]).mean()), 6)


def rank_users(
    run: Run,
    index: Index,
    surface: str,
    cutoff: datetime,
    users: IntArray,
    ranker: Ranker,
    source: CandidateSource | None = None,
    features: FeatureColumns | None = None,
) -> Ranked:
    """All candidates of *users* as of *cutoff*, ranked.

    *source* and *features* (of *users* and maybe more) where they are open already.
    """
    features = features or open_features_of(run, index, cutoff, users, ranker.vocabulary)
    parts = list(_rank_blocks(run, surface, cutoff, users, ranker, features, source))
    return Ranked(
        users=np.concatenate([part.users for part in parts]),
        items=np.concatenate([part.items for part in parts]),
        scores=np.concatenate([part.scores for part in parts]),
        sources=np.concatenate([part.sources for part in parts]),
        generators=np.concatenate([part.generators for part in parts]),
    )


def shard_users(run: Run) -> list[IntArray]:
    """The users who get a list, those with an event before as_of, in shards by number."""
    active = np.diff(load_history(run, run_cutoffs(run).night).indptr) > 0
    users = np.flatnonzero(active).astype(np.int32)
    size = run.settings.read(RankingSettings).users_per_shard
    return [users[start : start + size] for start in range(0, len(users), size)]


def score_users(run: Run, shard: int) -> Mapping[str, Any]:
    """Writes `candidates/<surface>/shard-<n>.parquet`: the best candidates of the shard's users.

    Beside it `explained-<n>.parquet`: what speaks for the first of them.
    """
    index = load_index(run)
    users = shard_users(run)[shard]
    night = run_cutoffs(run).night
    rankers: dict[str, Ranker] = {}
    features_of: dict[str, FeatureColumns] = {}
    for surface, _ in run.settings.read(SurfacesSettings).items():
        rankers[surface] = ranker = open_ranker(run, surface, "night")
        # Read once for all surfaces, unless their rankers number texts differently.
        alike = next((s for s in features_of if rankers[s].vocabulary == ranker.vocabulary), None)
        features_of[surface] = (
            open_features_of(run, index, night, users, ranker.vocabulary)
            if alike is None
            else features_of[alike]
        )

    def score(surface: str) -> tuple[int, int, float]:
        keep = run.settings.read(SurfacesSettings)[surface].length * SPARE_FACTOR
        ranker, features = rankers[surface], features_of[surface]
        explainer = open_explainer(run, index, surface, ranker, kept=keep)
        with replacing(shard_path(run, surface, shard)) as beside:
            blocks = _rank_blocks(run, surface, night, users, ranker, features, explainer=explainer)
            rows = _write(beside, (first_rows(block, keep) for block in blocks))
        return rows, explainer.write(explained_path(run, surface, shard)), explainer.seconds

    threads = min(run.settings.read(NightSettings).threads, 2)
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads) as pool:
        rows, explained, seconds = zip(*pool.map(score, rankers), strict=True)
    counts = {"users": len(users), "rows": sum(rows), "explained": sum(explained)}
    return {**counts, "explain_seconds": round(sum(seconds), 3)}


def shard_path(run: Run, surface: str, shard: int) -> Path:
    return run.path("candidates", surface, f"shard-{shard:04d}.parquet")


def _rank_blocks(
    run: Run,
    surface: str,
    cutoff: datetime,
    users: IntArray,
    ranker: Ranker,
    features: FeatureColumns,
    source: CandidateSource | None = None,
    explainer: Explainer | None = None,
) -> Iterator[Ranked]:
    settings = run.settings.read(SurfacesSettings)[surface]
    threads = run.settings.read(NightSettings).threads
    source = source or open_candidates(run, settings, cutoff)
    starts = range(0, len(users), BLOCK_USERS)
    for start in progress(starts, f"scoring {surface}", unit="block"):
        block = users[start : start + BLOCK_USERS]
        candidates = source.of_users(block)
        columns = column_names(list(candidates.scores), features)
        matrix = build_matrix(candidates, features)
        raw = ranker.score(matrix, columns, threads)
        scores = (1 / (1 + np.exp(-raw))).astype(np.float32)
        order = np.lexsort((candidates.items, -scores, candidates.users))
        sources, generators = _proposers(run, candidates)
        ranked = Ranked(
            users=candidates.users[order],
            items=candidates.items[order],
            scores=scores[order],
            sources=sources[order],
            generators=generators[order],
        )
        if explainer is not None:
            explainer.explain(ranked.users, ranked.items, ranked.scores, order, matrix)
        yield ranked


def _proposers(run: Run, candidates: Candidates) -> tuple[np.ndarray, np.ndarray]:
    """Of each pair the generator that ranks it best, and a bit for each that proposed it.

    Both by position in `used_generators`.
    """
    names = used_generators(run)
    unused = np.full(len(candidates.users), np.nan, dtype=np.float32)
    ranks = np.stack([candidates.ranks.get(name, unused) for name in names])
    bits = np.uint32(1) << np.arange(len(names), dtype=np.uint32)
    proposed = (~np.isnan(ranks) * bits[:, None]).sum(axis=0, dtype=np.uint32)
    return np.nan_to_num(ranks, nan=np.inf).argmin(axis=0).astype(np.uint8), proposed


def first_rows(ranked: Ranked, k: int) -> Ranked:
    """The first *k* rows of each user."""
    starts = np.r_[0, np.flatnonzero(np.diff(ranked.users)) + 1]
    sizes = np.diff(np.r_[starts, len(ranked.users)])
    place = np.arange(len(ranked.users)) - np.repeat(starts, sizes)
    return ranked.take(place < k)


def _write(path: Path, blocks: Iterator[Ranked]) -> int:
    schema = pa.schema(
        {"user": pa.int32(), "item": pa.int32(), "score": pa.float32(), "source": pa.uint8()}
        | {"generators": pa.uint32()}
    )
    rows = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for block in blocks:
            columns = [block.users, block.items, block.scores, block.sources, block.generators]
            writer.write_table(pa.table(columns, schema=schema))
            rows += len(block.users)
    return rows
