"""Ids that say what was served, and only those that this service made."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from store.recommendation import (
    TAG_CHARACTERS,
    TIERS,
    RecommendationIdError,
    ServedItem,
    digest_user,
    read_id,
    write_id,
)

KEY = bytes(range(32))
TEXT = st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=40)


def made(key=KEY, **changed):
    """The id of an answer of two items."""
    said = {
        "user_id": "u1",
        "version": "20180101T000000-0123456789ab-01234567",
        "surface": "home",
        "variant": "default",
        "offset": 0,
        "items": [("i1", "personal"), ("i 2/ü", "trending")],
    }
    return write_id(key, **{**said, **changed})


@given(
    st.none() | TEXT,
    st.lists(st.tuples(TEXT, st.sampled_from(sorted(TIERS))), max_size=30),
    st.booleans(),
    st.integers(0, 900),
)
def test_what_is_written_is_read(user_id, items, has_propensities, offset):
    """Whatever the ids are made of, and whether or not all propensities are 1."""
    propensities = [1 / (2 + place) for place in range(len(items))] if has_propensities else None
    text = made(user_id=user_id, items=items, offset=offset, propensities=propensities)
    found = read_id(KEY, text)
    assert found.items == tuple(
        ServedItem(*item, propensity)
        for item, propensity in zip(items, propensities or [1.0] * len(items), strict=True)
    )
    assert (found.surface, found.variant, found.offset) == ("home", "default", offset)
    assert found.tag == text[-TAG_CHARACTERS:]
    assert found.is_for(user_id)
    assert not found.is_for(f"{user_id}x")


def test_the_same_answer_has_the_same_id():
    """And another user, item, tier, place or key another one; the user is not named."""
    others = [
        made(user_id="u2"),
        made(items=[("i1", "session")]),
        made(offset=10),
        made(version=None),
        made(key=b"another"),
    ]
    assert made() == made()
    assert len({made(), *others}) == 6
    assert digest_user("a-long-user-id") != digest_user("a-long-user-ie")
    assert read_id(KEY, made(version=None)).version == ""


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-1] + ("A" if text[-1] != "A" else "Q"),
        lambda text: "A" + text[1:],
        lambda text: text.partition(".")[0],
        lambda text: text + "\n",
        lambda text: "",
        lambda text: "x" * 300_000,
        lambda text: made(key=b"another"),
    ],
)
def test_others_are_refused(change):
    """Changed, cut, of another key or no id at all."""
    with pytest.raises(RecommendationIdError, match="recommendation"):
        read_id(KEY, change(made()))
