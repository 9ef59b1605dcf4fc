"""What is had together, and what comes next: items of one session, items of one user in order."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field
from scipy.sparse import csr_matrix

from pipelines.candidates.generator import Past
from pipelines.candidates.item_item import nearest_columns, weigh
from pipelines.candidates.neighbours import Neighbours, faded_history, without_self
from pipelines.interactions import Interactions
from settings import Section


class BoughtTogetherSettings(Section):
    """How many companions an item keeps, and how fast the user's own events fade."""

    neighbours: Annotated[int, Field(ge=1, le=1000)] = 50  # that an item keeps
    half_life_days: Annotated[float, Field(gt=0)] = 14.0  # an event this old counts half


class BoughtTogether(Neighbours):
    """Items that share sessions with those that the user had lately, by cosine."""

    reason: ClassVar[str] = "bought_together"

    @classmethod
    def fit(cls, past: Past, settings: BoughtTogetherSettings) -> Self:
        sessions = _items_of_sessions(past.interactions)
        similarity = nearest_columns(weigh(sessions, "cosine"), settings.neighbours, past.threads)
        return cls(faded_history(past.interactions, settings.half_life_days), similarity)


class NextItemSettings(Section):
    """How far one event leads to a later one, and how fast the user's own events fade."""

    reach: Annotated[int, Field(ge=1, le=50)] = 5  # events of the user that one leads on to
    half_life_days: Annotated[float, Field(gt=0)] = 7.0  # an event this old counts half
    min_count: Annotated[float, Field(ge=0)] = 1.0  # weaker transitions are dropped


class NextItem(Neighbours):
    """First-order transitions: how often an item came within some events after another.

    An event d places later counts 1/d; rows are normalised by the roots of both items' counts.
    """

    reason: ClassVar[str] = "comes_next"

    @classmethod
    def fit(cls, past: Past, settings: NextItemSettings) -> Self:
        transitions = _count_transitions(past.interactions, settings)
        return cls(faded_history(past.interactions, settings.half_life_days), transitions)


def _items_of_sessions(interactions: Interactions) -> csr_matrix:
    """sessions × items, 1 where the item was in the session."""
    known = interactions.sessions >= 0
    rows, items = interactions.sessions[known], interactions.items[known]
    shape = (int(rows.max(initial=0)) + 1, interactions.n_items)
    ones = np.ones(len(rows), dtype=np.float32)
    matrix = csr_matrix((ones, (rows, items)), shape=shape)
    matrix.data[:] = 1
    return matrix


def _count_transitions(interactions: Interactions, settings: NextItemSettings) -> csr_matrix:
    """items × items: from an item to those that came after it."""
    order = np.argsort(interactions.users, kind="stable")  # events come oldest first
    users, items = interactions.users[order], interactions.items[order]
    shape = (interactions.n_items, interactions.n_items)
    counts = csr_matrix(shape, dtype=np.float32)
    for distance in range(1, settings.reach + 1):
        same = users[distance:] == users[:-distance]
        first, second = items[:-distance][same], items[distance:][same]
        weights = np.full(len(first), 1 / distance, dtype=np.float32)
        counts = counts + csr_matrix((weights, (first, second)), shape=shape)
    counts.data[counts.data < settings.min_count] = 0
    counts.eliminate_zeros()
    n_events = np.maximum(np.bincount(items, minlength=interactions.n_items), 1)
    root = np.sqrt(n_events).astype(np.float32)
    rows = np.repeat(np.arange(interactions.n_items), np.diff(counts.indptr))
    counts.data /= root[rows] * root[counts.indices]
    return without_self(counts)
