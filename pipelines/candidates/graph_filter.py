"""A filter on the graph of users and items: the linear model that scales to large catalogues."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field
from scipy.sparse import csr_matrix, diags, vstack
from sklearn.utils.extmath import randomized_svd
from threadpoolctl import threadpool_limits

from pipelines.candidates.arrays import load_arrays, save_arrays, sparse_of
from pipelines.candidates.generator import (
    Fresh,
    LastCall,
    Past,
    look_up_rows,
    top_of_dense,
    user_blocks,
)
from pipelines.candidates.nearest import nearest_by_cosine
from pipelines.interactions import FloatArray, IntArray
from settings import Section

_PAIRS = 65_536  # pairs whose vectors are held at once


class GraphFilterSettings(Section):
    """Which frequencies of the graph pass, and how popular items are held back."""

    factors: Annotated[int, Field(ge=1, le=4096)] = 256  # smooth signals that are kept apart
    low_pass: Annotated[float, Field(ge=0, le=10)] = 0.3  # lift of those over all others
    sharpening: Annotated[float, Field(ge=0, le=10)] = 0.8  # damps the smoothest of them
    detail: Annotated[float, Field(ge=0, le=10)] = 1.0  # share of what is not smooth
    # Exponents on degrees: more holds back active users, and popular items.
    user_power: Annotated[float, Field(ge=0, le=1)] = 0.3
    item_power: Annotated[float, Field(ge=0, le=1)] = 0.45
    signal_power: Annotated[float, Field(ge=0, le=1)] = 0.35  # on items, in the user's signal
    count_power: Annotated[float, Field(ge=0, le=1)] = 0.5  # exponent on summed weights


class GraphFilter:
    """Low-pass filter on the normalised item graph, in closed form.

    With R the matrix normalised by the roots of both degrees, V its leading right singular
    vectors and λ their squared singular values, a user's signal passes RᵀR and, along V, the
    response (λ + low_pass) · exp(−sharpening · λ) in place of λ: GF-CF (Shen et al. 2021) with
    the sharpening of BSPM (Choi et al. 2023) taken where it matters, on the leading vectors.
    Memory grows with events and with items × factors, never with items².
    """

    reason: ClassVar[str] = "similar_baskets"

    def __init__(
        self,
        signals: csr_matrix,
        graph: csr_matrix,
        vectors: FloatArray,
        response: FloatArray,
        scale: FloatArray,
    ) -> None:
        self._signals = signals  # users × items, what enters the filter
        self._graph = graph  # users × items, normalised
        self._graph_of_items = csr_matrix(graph.T)
        self._vectors = vectors  # items × factors
        self._response = response  # of each factor, beyond RᵀR
        self._scale = scale  # of each item, on the way out
        self._last = LastCall()

    @classmethod
    def fit(cls, past: Past, settings: GraphFilterSettings) -> Self:
        pairs = past.interactions.matrix.copy()
        pairs.data = pairs.data**settings.count_power
        of_users = np.asarray(pairs.sum(axis=1)).ravel()
        of_items = np.asarray(pairs.sum(axis=0)).ravel()
        rows = diags(_inverse_power(of_users, settings.user_power))
        columns = diags(_inverse_power(of_items, settings.item_power))
        graph = csr_matrix(rows @ pairs @ columns).astype(np.float32)
        factors = min(settings.factors, min(graph.shape) - 1)
        with threadpool_limits(past.threads, "blas"):
            _, singular, vectors = randomized_svd(graph, factors, n_iter=4, random_state=past.seed)
        # The smoothest signal, popularity itself, is 1; with powers of 0.5 it is so already.
        graph *= np.float32(np.sqrt(settings.detail) / singular[0])
        passed = np.square(singular / singular[0])
        sharpened = (passed + settings.low_pass) * np.exp(-settings.sharpening * passed)
        damping = _inverse_power(of_items, settings.signal_power)
        signals = csr_matrix(pairs @ diags(damping)).astype(np.float32)
        scale = np.where(damping > 0, 1 / np.maximum(damping, 1e-30), 0)
        return cls(
            signals,
            graph,
            np.ascontiguousarray(vectors.T, dtype=np.float32),
            (sharpened - settings.detail * passed).astype(np.float32),
            scale.astype(np.float32),
        )

    def refreshed(self, fresh: Fresh, settings: GraphFilterSettings) -> Self:
        """New signals of the users who had something new; the graph and the filter stay."""
        pairs = fresh.past.interactions.matrix.copy()
        pairs.data = pairs.data**settings.count_power
        damping = np.where(self._scale > 0, 1 / np.maximum(self._scale, 1e-30), 0)
        # Of the others to the last bit as they were: the damping is read back from its inverse.
        kept = (fresh.rows >= 0) & ~fresh.changed
        anew = csr_matrix(pairs @ diags(damping)).astype(np.float32)
        both = csr_matrix(vstack([self._signals[np.maximum(fresh.rows, 0)], anew]))
        places = np.arange(len(kept))
        signals = both[np.where(kept, places, places + len(kept))]
        return type(self)(signals, self._graph, self._vectors, self._response, self._scale)

    def candidates(self, users: IntArray, k: int, seen: csr_matrix | None) -> IntArray:
        parts = [np.empty((0, k), dtype=np.int32)]
        for block in user_blocks(len(users), len(self._scale)):
            scores = self._dense(users[block])
            parts.append(top_of_dense(scores, k, None if seen is None else seen[block]))
        return np.vstack(parts)

    def score(self, users: IntArray, items: IntArray) -> FloatArray:
        unique, rows = np.unique(users, return_inverse=True)
        scores = np.zeros(len(users), dtype=np.float32)
        smooth = self._smooth(unique)
        for start in range(0, len(users), _PAIRS):
            part = slice(start, start + _PAIRS)
            scores[part] = np.einsum("ij,ij->i", smooth[rows[part]], self._vectors[items[part]])
        order = np.argsort(rows, kind="stable")
        scores[order] += look_up_rows(
            self._passed(unique), rows[order].astype(np.int32), items[order]
        )
        return scores * self._scale[items]

    def nearest_own_items(self, users: IntArray, items: IntArray) -> IntArray:
        """For each pair the user's other item that is most like it: signal × cosine.

        Alike along the leading vectors, each with its whole response: what RᵀR lets pass of a
        right singular vector is the energy of its image.
        """
        energy = np.square(self._graph @ self._vectors).sum(axis=0)
        passed = np.maximum(energy + self._response, 0).astype(np.float32)
        return nearest_by_cosine(self._vectors, passed, self._signals, users, items)

    def save(self, path: Path) -> None:
        arrays = {"signals": self._signals, "graph": self._graph}
        dense = {"vectors": self._vectors, "response": self._response, "scale": self._scale}
        save_arrays(path, {**arrays, **dense})

    @classmethod
    def load(cls, path: Path) -> Self:
        arrays = load_arrays(path)
        signals, graph = (sparse_of(arrays, name) for name in ("signals", "graph"))
        return cls(signals, graph, arrays["vectors"], arrays["response"], arrays["scale"])

    def _dense(self, users: IntArray) -> FloatArray:
        """users × items: all scores; minus infinity for users and items without an event."""
        scores = self._smooth(users) @ self._vectors.T
        passed = self._passed(users)
        for row, (start, end) in enumerate(pairwise(passed.indptr)):
            scores[row, passed.indices[start:end]] += passed.data[start:end]
        scores *= self._scale
        scores[:, self._scale == 0] = -np.inf
        scores[np.diff(self._signals[users].indptr) == 0] = -np.inf
        return scores

    def _smooth(self, users: IntArray) -> FloatArray:
        """users × factors: the signals along the leading vectors, after the response."""
        return np.asarray(self._signals[users] @ self._vectors * self._response)

    def _passed(self, users: IntArray) -> csr_matrix:
        """users × items: the signals after RᵀR; kept for the next call, often for the same."""
        return self._last.of(
            users, lambda: csr_matrix(self._signals[users] @ self._graph_of_items @ self._graph)
        )


def _inverse_power(degrees: FloatArray, power: float) -> FloatArray:
    """degrees to the power of -*power*; 0 where there is no degree."""
    positive = np.maximum(degrees, 1e-30)
    return np.asarray(np.where(degrees > 0, positive**-power, 0), dtype=np.float32)
