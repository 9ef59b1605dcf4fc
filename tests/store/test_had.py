"""What a user had, as bits: what goes in comes out, in few bytes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.had import pack_had, unpack_had


@settings(max_examples=200, deadline=None)
@given(places=st.sets(st.integers(0, 4000)))
def test_every_place_survives_the_round_trip(places):
    """Exactly the packed places come back, at no more than a sixth of the highest in bytes."""
    text = pack_had(places)
    bits = unpack_had(text)
    assert {place for place in range(4008) if bits >> place & 1} == places
    assert bits.bit_length() == max(places, default=-1) + 1
    assert len(text) <= (max(places, default=-1) + 1) / 6 + 4


def test_the_documented_bytes():
    """The first item is the lowest bit of the first byte; nothing had is an empty text."""
    assert (pack_had([]), pack_had([0, 9]), unpack_had("AQI=")) == ("", "AQI=", 0b10_0000_0001)


@pytest.mark.parametrize("text", ["=", "A", "ü", "AQI=\n", "%%%%"])
def test_other_texts_are_refused(text):
    """What is not base64 raises ValueError."""
    with pytest.raises(ValueError, match=r".+"):
        unpack_had(text)
