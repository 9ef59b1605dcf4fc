"""Packed features: what the manifest keeps of them, and cells out of bytes."""

import json

import pytest

from store.features import PackedFeaturesError, dump_kinds, kind_of, load_kinds, unpack_cells
from tests.feature_fixtures import ITEM, USER


def test_the_manifest_keeps_kinds_whole():
    """Through JSON and back, tables, ages and the places of cells are the same."""
    manifest = json.loads(json.dumps({"features": dump_kinds([USER, ITEM])}))
    found = load_kinds(manifest)
    assert found == {"user": USER, "item": ITEM}
    assert list(found["user"].places.items()) == [
        ("history.n_days", 0),
        ("history.share", 1),
        ("segment.segment", 2),
        ("segment.tags", 3),
    ]


def test_a_version_without_features_has_no_kinds():
    """Lists that were made before there were features can be read and published."""
    assert load_kinds({"version": "x"}) == {}


def test_another_format_is_refused():
    """Bytes of a later format are not taken for those of this one."""
    with pytest.raises(PackedFeaturesError, match="format 2; this code reads 1: publish again"):
        load_kinds({"features": {"format": 2, "kinds": {}}})


def test_cells_are_counted():
    """A row with too few or too many cells is damage, not other values."""
    assert unpack_cells(b"1\n\nnull", 3) == [b"1", b"", b"null"]
    for damaged in (b"", b"1\n2", b"1\n2\n3\n4"):
        with pytest.raises(PackedFeaturesError, match="cells; the manifest names 3"):
            unpack_cells(damaged, 3)


@pytest.mark.parametrize(
    ("grain", "kind"), [("user_id", "user"), ("item_id", "item"), ("category", "category")]
)
def test_kinds_are_called_like_their_grain(grain, kind):
    """The id's column gives the word that stands in the address."""
    assert kind_of(grain) == kind
