"""The packed list: what goes in comes out, and damage is named."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.packed import HAD, NO_ITEM, Entry, PackedListError, pack_list, unpack_list

NUMBERS = st.integers(0, NO_ITEM - 1)
ENTRIES = st.lists(
    st.tuples(
        NUMBERS,
        st.integers(0, 65535),
        st.integers(0, 255),
        st.integers(0, 255),
        st.one_of(st.none(), NUMBERS),
    ),
    max_size=300,
)
SCORE = st.floats(-1e6, 1e6, width=32)


@settings(max_examples=200, deadline=None)
@given(entries=ENTRIES, one=SCORE, other=SCORE)
def test_every_list_survives_the_round_trip(entries, one, other):
    """Numbers, reasons, sources and what was had come back; scores to 1/65535 of their range."""
    low, high = sorted((one, other))
    numbers, scores, reasons, sources, items = zip(*entries, strict=True) if entries else [()] * 5
    data = pack_list(
        low,
        high,
        np.array(numbers, "<u4"),
        np.array(scores, "<u2"),
        bytes(reasons),
        bytes(sources),
        np.array([NO_ITEM if item is None else item for item in items], "<u4"),
    )
    found = unpack_list(data)
    step = (high - low) / 65535
    expected = [Entry(n, low + s * step, r, o % HAD, i, o >= HAD) for n, s, r, o, i in entries]
    assert (len(data), len(found), list(found)) == (12 + 12 * len(entries), len(entries), expected)


def test_the_layout_is_the_documented_one():
    """The bytes of a list of two are exactly header, then the columns, little endian."""
    data = pack_list(
        0.5,
        1.0,
        struct.pack("<2I", 7, 70000),
        struct.pack("<2H", 65535, 0),
        b"\1\2",
        b"\3\4",
        struct.pack("<2I", NO_ITEM, 9),
    )
    assert data == bytes.fromhex(
        "0200 0200 0000003f 0000803f 07000000 70110100 ffff 0000 0102 0304 ffffffff 09000000"
    )
    assert list(unpack_list(data)) == [Entry(7, 1.0, 1, 3, None), Entry(70000, 0.5, 2, 4, 9)]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "0 bytes; a packed list has at least 12"),
        (struct.pack("<BBHff", 1, 0, 0, 0, 1), "format version 1, flags 0"),
        (struct.pack("<BBHff", 2, 1, 0, 0, 1), "format version 2, flags 1"),
        (struct.pack("<BBHff", 2, 0, 3, 0, 1) + b"x" * 35, "47 bytes for 3 entries; expected 48"),
        (struct.pack("<BBHff", 2, 0, 0, 2, 1), "scores from 2.0 to 1.0"),
        (struct.pack("<BBHff", 2, 0, 0, 0, float("nan")), "scores from 0.0 to nan"),
    ],
)
def test_damage_is_named(data, said):
    """Reading damaged bytes raises and says what was found."""
    with pytest.raises(PackedListError, match=said):
        unpack_list(data)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ((b"123", b"", b"", b"", b""), "numbers: 3 bytes"),
        ((b"1234", b"1", b"1", b"1", b"1234"), "scores: 1 bytes; expected 2 for 1 items"),
        ((b"1234", b"12", b"", b"1", b"1234"), "reasons: 0 bytes; expected 1"),
        ((b"1234" * 65536, b"", b"", b"", b""), "at most 65535 items"),
    ],
)
def test_columns_of_another_length_are_refused(columns, said):
    """Packing checks that all columns speak of the same number of items."""
    with pytest.raises(PackedListError, match=said):
        pack_list(0.0, 1.0, *columns)


def test_scores_that_are_not_finite_are_refused():
    """A NaN score range never reaches the store."""
    with pytest.raises(PackedListError, match="scores from nan to nan; expected finite"):
        pack_list(float("nan"), float("nan"), b"", b"", b"", b"", b"")
