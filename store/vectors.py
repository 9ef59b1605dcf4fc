"""The vector of one user or item as bytes: a byte a dimension, then what one step counts.

A byte stands for byte - 128 steps; the scale of a step is a little-endian float after them, so
n + 4 bytes. The manifest's `vectors` says how long the vectors of a model are and which model
orders a surface. Both night and day read this file, so it needs only Python.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import add, mul
from typing import Any

from settings.errors import NightshelfError

FORMAT_VERSION = 1
STEPS = 127  # of the largest number of a vector
ZERO = 128  # the byte that stands for 0
SCALE = struct.Struct("<f")
ENTITIES = ("user", "item")


class PackedVectorError(NightshelfError):
    """Bytes or a manifest that do not hold vectors of this format."""


@dataclass(frozen=True)
class VectorModel:
    """The vectors of one generator: how long, and over how many buckets they are spread."""

    name: str
    dimensions: int
    n_buckets: Mapping[str, int]  # by entity: user, item
    n_rows: Mapping[str, int]

    @property
    def row_bytes(self) -> int:
        """Bytes of a packed vector."""
        return self.dimensions + SCALE.size


@dataclass(frozen=True)
class Vectors:
    """What a version has of vectors."""

    models: Mapping[str, VectorModel]
    surfaces: Mapping[str, str]  # surface → model; without those that nothing orders

    def of(self, surface: str) -> VectorModel | None:
        """The model that orders candidates on *surface*, if one does."""
        return self.models.get(self.surfaces.get(surface, ""))


NO_VECTORS = Vectors({}, {})


def kind_of_vectors(model: str, entity: str) -> str:
    """The kind that stands in keys and names of files: `als_user`."""
    return f"{model}_{entity}"


def dump_vectors(vectors: Vectors) -> dict[str, Any]:
    """*vectors* as the manifest keeps them."""
    return {
        "format": FORMAT_VERSION,
        "models": {
            name: {
                "dimensions": model.dimensions,
                "n_buckets": dict(model.n_buckets),
                "n_rows": dict(model.n_rows),
            }
            for name, model in vectors.models.items()
        },
        "surfaces": dict(vectors.surfaces),
    }


def load_vectors(manifest: Mapping[str, Any]) -> Vectors:
    """The vectors of a version; none for one that was made without.

    Raises `PackedVectorError` when they are of another format.
    """
    stored = manifest.get("vectors")
    if stored is None:
        return NO_VECTORS
    if stored["format"] != FORMAT_VERSION:
        raise PackedVectorError(
            f"vectors of format {stored['format']}; this code reads {FORMAT_VERSION}: publish "
            "again with the code that serves"
        )
    models = {
        name: VectorModel(name, model["dimensions"], model["n_buckets"], model["n_rows"])
        for name, model in stored["models"].items()
    }
    return Vectors(models, stored["surfaces"])


def pack_vector(values: Sequence[float]) -> bytes:
    """*values* in steps of their largest by size; raises `PackedVectorError` unless finite."""
    largest = max(map(abs, values), default=0.0)
    if not math.isfinite(sum(map(abs, values))):
        raise PackedVectorError("a vector with numbers that are not finite")
    (scale,) = SCALE.unpack(SCALE.pack(largest / STEPS))
    if scale == 0:
        return bytes([ZERO] * len(values)) + SCALE.pack(1.0)
    # A scale that was rounded down may ask for one step too many.
    steps = (max(-STEPS, min(STEPS, round(value / scale))) for value in values)
    return bytes(ZERO + step for step in steps) + SCALE.pack(scale)


def unpack_vector(data: bytes, dimensions: int) -> list[float]:
    """The numbers that *data* holds, as far as the steps tell.

    Raises `PackedVectorError` when the bytes are damaged.
    """
    scale = _scale(data, dimensions)
    return [(byte - ZERO) * scale for byte in data[:dimensions]]


def products(vector: Sequence[float], rows: Iterable[bytes]) -> list[float | None]:
    """The product of *vector* with each packed vector of *rows*; None of a damaged one.

    Bytes are taken as they are, and what 128 adds to each is taken off the sum: nothing is
    unpacked but the scale.
    """
    zero = ZERO * sum(vector)
    n = len(vector)
    found: list[float | None] = []
    for row in rows:
        try:
            scale = _scale(row, n)
        except PackedVectorError:
            found.append(None)
        else:
            # `mul` stops at the end of the vector, which is where the scale begins.
            found.append((sum(map(mul, vector, row)) - zero) * scale)
    return found


def mean_vector(vectors: Sequence[Sequence[float]]) -> list[float]:
    """The mean of *vectors*, at least one, all of one length."""
    total: list[float] = [0.0] * len(vectors[0])
    for vector in vectors:
        total = list(map(add, total, vector))
    return list(map(mul, total, repeat(1 / len(vectors))))


def _scale(data: bytes, dimensions: int) -> float:
    if len(data) != dimensions + SCALE.size:
        raise PackedVectorError(
            f"{len(data)} bytes; expected {dimensions + SCALE.size} of {dimensions} dimensions"
        )
    (scale,) = SCALE.unpack_from(data, dimensions)
    if not 0 < scale < math.inf:
        raise PackedVectorError(f"a step of {scale}; expected a number above 0")
    return float(scale)
