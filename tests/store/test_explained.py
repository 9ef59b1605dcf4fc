"""Packed explanations: what goes in comes out, and damage is named."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.explained import (
    HEADER,
    RECORD,
    SHARE_STEPS,
    Explained,
    ExplainedError,
    pack_explained,
    unpack_explained,
)

RECORDS = st.lists(
    st.tuples(
        st.integers(0, 2**32 - 1),
        st.integers(0, 2**32 - 1),
        *[st.integers(0, 0xFFFF)] * 3,
        *[st.integers(-SHARE_STEPS, SHARE_STEPS)] * 3,
    ),
    max_size=50,
)
TWO = pack_explained(RECORD.pack(7, 0b101, 4, 0, 9, 20000, -5, 0) * 2)


@settings(max_examples=200, deadline=None)
@given(records=RECORDS)
def test_every_explanation_survives_the_round_trip(records):
    """Items, generators, features and shares come back; a share of zero is none."""
    data = pack_explained(b"".join(RECORD.pack(*record) for record in records))
    assert len(data) == 4 + 20 * len(records)
    assert unpack_explained(data) == [
        Explained(
            number,
            tuple(bit for bit in range(32) if generators & 2**bit),
            tuple(
                (feature, share / SHARE_STEPS)
                for feature, share in zip(more[:3], more[3:], strict=True)
                if share
            ),
        )
        for number, generators, *more in records
    ]


@pytest.mark.parametrize(
    "data",
    [b"", TWO[:3], TWO[:-1], TWO + b"\0", b"\2" + TWO[1:], TWO[:1] + b"\1" + TWO[2:]],
    ids=["empty", "no header", "cut", "longer", "other version", "flags"],
)
def test_damaged_bytes_are_refused(data):
    """Wrong lengths and formats are errors that say what was found."""
    with pytest.raises(ExplainedError, match=r"\d+ bytes"):
        unpack_explained(data)


@pytest.mark.parametrize("records", [b"1", bytes(RECORD.size + 1), bytes(RECORD.size * 0x10000)])
def test_only_whole_records_are_packed(records):
    """Half a record and too many of them are errors."""
    with pytest.raises(ExplainedError, match="expected 20 a record, at most 65535"):
        pack_explained(records)


def test_the_header_counts_the_items():
    """Format 1, no flags, two items."""
    assert HEADER.unpack_from(TWO) == (1, 0, 2)
