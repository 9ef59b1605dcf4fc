"""Items whose vectors point where those of what the user had point."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

import numpy as np
from implicit.cpu.topk import topk
from pydantic import Field
from threadpoolctl import threadpool_limits

from pipelines.candidates.alike import Alike, AlikeSettings
from pipelines.candidates.generator import NO_ITEM, GeneratorError, Past
from pipelines.candidates.texts import TextField, item_texts
from pipelines.interactions import FloatArray, IntArray


class EmbeddingSettings(AlikeSettings):
    """Where the vectors come from: the items' column `vector`, or a model of sentences."""

    # Folder of a model2vec model, from the settings file's own; empty: the column.
    sentence_model: str = ""
    # What the model reads; TOML brings a list.
    fields: Annotated[tuple[TextField, ...], Field(strict=False, min_length=1)] = ("text", "title")


class Embeddings(Alike):
    """Nearest items by the exact cosine of their vectors.

    Items with the same vector are compared once, and come by popularity.
    """

    @classmethod
    def fit(cls, past: Past, settings: EmbeddingSettings) -> Self:
        """Raises `GeneratorError` when there is neither a vector nor a model that can be read."""
        if settings.sentence_model:
            folder = past.folder / settings.sentence_model
            vectors, numbers = _of_texts(item_texts(past.items, settings.fields), folder)
        else:
            vectors, numbers = _of_column(past)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors = np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)
        known = (numbers >= 0) & (lengths[numbers, 0] > 0)
        descriptions = np.where(known, numbers, NO_ITEM).astype(np.int32)

        def nearest(queries: IntArray, targets: IntArray, k: int) -> tuple[IntArray, FloatArray]:
            return nearest_vectors(vectors[queries], vectors[targets], k, past.threads)

        return cls._fit_alike(past, descriptions, nearest, settings)


def nearest_vectors(
    queries: FloatArray, targets: FloatArray, k: int, threads: int
) -> tuple[IntArray, FloatArray]:
    """For each row of *queries* the *k* rows of *targets* with the largest product, best first.

    Positions, padded with `NO_ITEM`, of products above zero; and the products, 0 where padded.
    """
    positions = np.full((len(queries), k), NO_ITEM, dtype=np.int32)
    products = np.zeros(positions.shape, dtype=np.float32)
    width = min(k, len(targets))
    with threadpool_limits(1, "blas"):
        found, scores = topk(targets, queries, width, num_threads=threads)
    positions[:, :width] = np.where(scores > 0, found, NO_ITEM)
    products[:, :width] = np.maximum(scores, 0)
    return positions, products


def _of_column(past: Past) -> tuple[FloatArray, IntArray]:
    """The different vectors of the items, and the number of each item's; -1 without one."""
    column = past.vectors
    if column is None or column.null_count == len(column):
        raise GeneratorError(
            "[candidates.embeddings]: no item has a vector; give items.sql of the staging folder "
            "a column vector (a list of numbers), or name the folder of a model2vec model as "
            "[candidates.embeddings] sentence_model"
        )
    known = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
    values = column.drop_null().combine_chunks().flatten()
    vectors = values.to_numpy(zero_copy_only=False).astype(np.float32).reshape(len(known), -1)
    rows = np.ascontiguousarray(vectors).view(f"V{vectors.shape[1] * 4}").ravel()
    _, first, inverse = np.unique(rows, return_index=True, return_inverse=True)
    numbers = np.full(len(column), NO_ITEM, dtype=np.int32)
    numbers[known] = inverse
    return vectors[first], numbers


def _of_texts(texts: list[str], folder: Path) -> tuple[FloatArray, IntArray]:
    """The vectors of the different texts, and the number of each item's; -1 without a text."""
    different, numbers = np.unique(np.array(texts, dtype=object), return_inverse=True)
    vectors = _embed(different.tolist(), folder)
    return vectors, np.where(different[numbers] == "", NO_ITEM, numbers).astype(np.int32)


def _embed(texts: list[str], folder: Path) -> FloatArray:
    # A name that is no folder would be looked for on the network.
    if not (folder / "config.json").is_file():
        raise GeneratorError(
            f"[candidates.embeddings] sentence_model: {folder} holds no config.json; expected the "
            "folder of a model2vec model, as StaticModel.save_pretrained writes it"
        )
    try:
        from model2vec import StaticModel
    except ImportError:
        raise GeneratorError(
            "[candidates.embeddings] sentence_model needs the package model2vec: "
            "pip install -r requirements-text.txt, or leave sentence_model empty"
        ) from None
    try:
        model = StaticModel.from_pretrained(folder, force_download=False)
    except Exception as error:  # of many kinds: JSON, safetensors, tokenizers
        raise GeneratorError(
            f"[candidates.embeddings] sentence_model: {folder} is not a model2vec model that can "
            f"be read ({error}); save it again with StaticModel.save_pretrained"
        ) from error
    # Processes of its own would not help a task that has its threads.
    return np.asarray(model.encode(texts, use_multiprocessing=False), dtype=np.float32)
