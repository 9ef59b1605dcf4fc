"""A data set as a question: what is known, what is to be foretold, and how answers count."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix

from pipelines.candidates.generator import Past
from pipelines.interactions import FloatArray, IntArray, Interactions

THREADS = 2
SEED = 0

Figures = tuple[float | None, float | None]  # recall and NDCG, where they were published


@dataclass(frozen=True)
class Split:
    """What generators are fitted on, and what happened then; users are those with both."""

    past: Past
    truth: csr_matrix  # users × items, 1 where the user took the item

    @cached_property
    def users(self) -> IntArray:
        """Numbers, ascending, of users on both sides."""
        known = np.diff(self.past.interactions.matrix.indptr) > 0
        return np.flatnonzero(known & (np.diff(self.truth.indptr) > 0)).astype(np.int32)

    @property
    def seen(self) -> csr_matrix:
        """users × items: what the user had before."""
        return self.past.interactions.matrix


@dataclass(frozen=True)
class Problem:
    """Known events, how slices are held out of them, and the test part behind a function."""

    name: str
    past: Past
    hold_out: Callable[[], Sequence[Split]]  # slices to train and tune on, the newest first
    read_test: Callable[[], csr_matrix]  # called once, at the end
    depth: int  # lists are cut here: 20, or 10
    published: Mapping[str, Figures]  # model → recall, NDCG


def interactions_of(
    users: IntArray, items: IntArray, age_days: FloatArray, n_users: int, n_items: int
) -> Interactions:
    """Events of weight 1, oldest first, ties in the order that they came in."""
    order = np.argsort(-age_days, kind="stable")
    ages = age_days[order].astype(np.float32)
    users = users[order]
    return Interactions(
        users=users,
        items=items[order],
        weights=np.ones(len(order), dtype=np.float32),
        is_purchase=np.ones(len(order), dtype=bool),
        age_days=ages,
        sessions=_sessions(users, ages),
        n_users=n_users,
        n_items=n_items,
    )


def past_of(interactions: Interactions, items: pa.Table) -> Past:
    """*interactions* with everybody in one segment."""
    everybody = np.zeros(interactions.n_users, dtype=np.int32)
    return Past(interactions, items, everybody, seed=SEED, threads=THREADS)


def truth_of(users: IntArray, items: IntArray, shape: tuple[int, int]) -> csr_matrix:
    """users × items, 1 for every pair."""
    matrix = csr_matrix((np.ones(len(users), dtype=np.float32), (users, items)), shape=shape)
    matrix.data[:] = 1
    matrix.sort_indices()
    return matrix


def without(truth: csr_matrix, seen: csr_matrix) -> csr_matrix:
    """*truth* without the pairs of *seen*."""
    rest = csr_matrix(truth - truth.multiply(seen > 0))
    rest.eliminate_zeros()
    rest.sort_indices()
    return rest


def _sessions(users: IntArray, ages: FloatArray) -> IntArray:
    """One session a user and moment."""
    keys = np.stack([users.astype(np.float64), ages.astype(np.float64)], axis=1)
    return np.unique(keys, axis=0, return_inverse=True)[1].ravel().astype(np.int32)
