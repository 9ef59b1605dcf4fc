"""Records of events: what is packed is what is unpacked."""

import pytest

from store.events import Event, EventLogError, ShownItem, pack_event, unpack_event


@pytest.mark.parametrize(
    "event",
    [
        Event("e1", "click", "u1", 1, 2, item_id="i1"),
        Event("e 2", "purchase", "ü", 1, 2, item_id="i/1", value="12.50", quantity="2"),
        Event(
            "e3",
            "impression",
            "u1",
            1_500_000_000_000_000,
            1_500_000_000_000_001,
            recommendation_id="x" * 22,
            page_view_id="p1",
            version="v",
            surface="home",
            variant="default",
            items=(ShownItem("i1", 1, "personal"), ShownItem("i2", 2, "trending", 0.25)),
        ),
    ],
)
def test_a_record_survives_the_stream(event):
    """Members without a value take no room."""
    data = pack_event(event)
    assert unpack_event(data) == event
    assert b"null" not in data


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"event_id": "e"}', b"\xff", b"1"])
def test_other_bytes_are_no_record(data):
    """And are said to be none."""
    with pytest.raises(EventLogError, match=f"{len(data)} bytes"):
        unpack_event(data)
