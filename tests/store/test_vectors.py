"""Packed vectors: what a byte stands for, products without unpacking, and damage."""

import json
import math
import random
import struct

import pytest

from store.vectors import (
    NO_VECTORS,
    PackedVectorError,
    VectorModel,
    Vectors,
    dump_vectors,
    kind_of_vectors,
    load_vectors,
    mean_vector,
    pack_vector,
    products,
    unpack_vector,
)

ALS = VectorModel("als", 3, {"user": 4, "item": 2}, {"user": 500, "item": 40})


def test_bytes_are_those_of_the_format():
    """A byte a dimension around 128, then the scale of a step as a little-endian float."""
    assert pack_vector([1.27, -1.27, 0.0, 0.01]) == bytes([255, 1, 128, 129]) + struct.pack(
        "<f", 0.01
    )
    assert pack_vector([0.0, 0.0]) == bytes([128, 128]) + struct.pack("<f", 1.0)
    assert pack_vector([1e-44, 0.0])[:2] == bytes([128, 128])  # too small for a step


def test_numbers_come_back_within_half_a_step():
    """The largest by size is 127 steps, and nothing is off by more than half of one."""
    dice = random.Random(0)
    for _ in range(50):
        values = [dice.gauss(0, 1) * 10 ** dice.randrange(-6, 6) for _ in range(64)]
        step = max(map(abs, values)) / 127
        found = unpack_vector(pack_vector(values), 64)
        assert max(abs(a - b) for a, b in zip(found, values, strict=True)) <= 0.5001 * step


def test_products_are_those_of_the_unpacked_numbers():
    """Taking bytes as they are and 128 off the sum says the same, row for row."""
    dice = random.Random(1)
    rows = [pack_vector([dice.gauss(0, 1) for _ in range(16)]) for _ in range(20)]
    vector = [dice.gauss(0, 1) for _ in range(16)]
    expected = (
        [math.sumprod(vector, unpack_vector(row, 16)) for row in rows]
        if hasattr(math, "sumprod")
        else [
            sum(a * b for a, b in zip(vector, unpack_vector(row, 16), strict=True)) for row in rows
        ]
    )
    assert products(vector, rows) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        bytes(6),
        bytes(8),
        bytes(3) + struct.pack("<f", -1.0),
        bytes(3) + struct.pack("<f", 0.0),
        bytes(3) + struct.pack("<f", math.nan),
        bytes(3) + struct.pack("<f", math.inf),
    ],
)
def test_damage_is_noticed(damaged):
    """A wrong length or an impossible scale is no vector; others are multiplied all the same."""
    with pytest.raises(PackedVectorError):
        unpack_vector(damaged, 3)
    whole = pack_vector([1.27, 0.0, 0.0])
    assert products([2.0, 1.0, 1.0], [damaged, whole]) == [None, pytest.approx(2.54)]


@pytest.mark.parametrize("values", [[math.nan, 1.0], [math.inf], [-math.inf, 0.0]])
def test_what_is_not_finite_is_not_packed(values):
    """A night would stop before; here it is an error, not another number."""
    with pytest.raises(PackedVectorError, match="not finite"):
        pack_vector(values)


def test_the_mean_of_vectors():
    """Number by number, of one vector itself."""
    assert mean_vector([[1.0, 2.0], [3.0, -2.0]]) == [2.0, 0.0]
    assert mean_vector([[1.0, 2.0]]) == [1.0, 2.0]


def test_the_manifest_keeps_models_whole():
    """Through JSON and back; a surface without a model, or an unknown one, has none."""
    vectors = Vectors({"als": ALS}, {"home": "als", "discover": "bpr"})
    found = load_vectors(json.loads(json.dumps({"vectors": dump_vectors(vectors)})))
    assert found == vectors
    assert [found.of(name) for name in ("home", "discover", "search")] == [ALS, None, None]
    assert kind_of_vectors("als", "user") == "als_user"


def test_versions_without_vectors_and_of_another_format():
    """Lists that were made before there were vectors have none; later formats are refused."""
    assert load_vectors({"version": "x"}) == NO_VECTORS
    with pytest.raises(PackedVectorError, match="format 2; this code reads 1: publish again"):
        load_vectors({"vectors": {"format": 2, "models": {}, "surfaces": {}}})
