"""Items whose title, category, tags and text read like those of what the user had."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Self

import numpy as np
from pydantic import Field
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

from pipelines.candidates.alike import Alike, AlikeSettings
from pipelines.candidates.generator import NO_ITEM, Past
from pipelines.candidates.texts import TextField, item_texts
from pipelines.interactions import FloatArray, IntArray

_BLOCK = 1000  # texts whose similarities are held at once


class ContentSettings(AlikeSettings):
    """Which columns are read, and which words count."""

    # TOML brings a list.
    fields: Annotated[tuple[TextField, ...], Field(strict=False, min_length=1)] = (
        "title",
        "category",
        "tags",
        "text",
    )
    max_features: Annotated[int, Field(ge=1)] = 50_000  # words that are kept, the frequent first
    # A word of more different texts than this says little, and costs their square.
    max_texts: Annotated[int, Field(ge=1)] = 5000


class Content(Alike):
    """Nearest items by the cosine of TF-IDF vectors of their texts (Salton & Buckley 1988).

    Items with the same text are compared once, and come by popularity.
    """

    @classmethod
    def fit(cls, past: Past, settings: ContentSettings) -> Self:
        texts, numbers = np.unique(
            np.array(item_texts(past.items, settings.fields), dtype=object), return_inverse=True
        )
        vectors = weigh_words(texts.tolist(), settings)
        says_something = np.diff(vectors.indptr) > 0
        descriptions = np.where(says_something[numbers], numbers, NO_ITEM).astype(np.int32)

        def nearest(queries: IntArray, targets: IntArray, k: int) -> tuple[IntArray, FloatArray]:
            return nearest_rows(vectors[queries], vectors[targets], k)

        return cls._fit_alike(past, descriptions, nearest, settings)


def weigh_words(texts: list[str], settings: ContentSettings) -> csr_matrix:
    """texts × words: TF-IDF, rows of length one, or zero where no word counts."""
    vectorizer = TfidfVectorizer(
        token_pattern=r"\w+",  # noqa: S106, words, and no password
        sublinear_tf=True,
        max_df=min(settings.max_texts, len(texts)),
        max_features=settings.max_features,
        dtype=np.float32,
    )
    try:
        return csr_matrix(vectorizer.fit_transform(texts))
    except ValueError:  # scikit-learn refuses a vocabulary without a word
        return csr_matrix((len(texts), 1), dtype=np.float32)


def nearest_rows(queries: csr_matrix, targets: csr_matrix, k: int) -> tuple[IntArray, FloatArray]:
    """For each row of *queries* the *k* rows of *targets* with the largest product, best first.

    Positions, ties by the lower one, padded with `NO_ITEM`; and the products, 0 where padded.
    """
    turned = csr_matrix(targets.T)
    positions = np.full((queries.shape[0], k), NO_ITEM, dtype=np.int32)
    products = np.zeros(positions.shape, dtype=np.float32)
    for start in range(0, queries.shape[0], _BLOCK):
        block = csr_matrix(queries[start : start + _BLOCK] @ turned)
        for row, (begin, end) in enumerate(pairwise(block.indptr), start):
            columns, values = block.indices[begin:end], block.data[begin:end]
            best = _places_of_best(columns, values, k)
            positions[row, : len(best)] = columns[best]
            products[row, : len(best)] = values[best]
    return positions, products


def _places_of_best(columns: IntArray, values: FloatArray, k: int) -> IntArray:
    """Where the *k* largest *values* are, ties by lower column."""
    places = np.arange(len(values), dtype=np.int32)
    if len(values) > 4 * k:
        # Everything that ties with the k-th stays in, so that ties break by number.
        places = places[values >= np.partition(values, len(values) - k)[len(values) - k]]
    return places[np.lexsort((columns[places], -values[places]))[:k]]
