"""Situations become names of shared lists the same way by night and by day."""

import pytest

from store.context import context_fields, part_of_day


def test_a_day_has_four_parts_of_six_hours():
    """Night begins at midnight."""
    parts = [part_of_day(hour) for hour in range(24)]
    assert parts == ["night"] * 6 + ["morning"] * 6 + ["afternoon"] * 6 + ["evening"] * 6


@pytest.mark.parametrize(
    ("situation", "fields"),
    [
        ((), []),
        ((("country", "DE"), ("hour", "7")), ["context/hour=morning", "context/country=DE"]),
        ((("context.weather", "rain"),), ["context/weather=rain"]),
        ((("context.country", "AT"), ("country", "DE")), ["context/country=DE"]),
        ((("context.country", "AT"),), ["context/country=AT"]),
        ((("device", "tv"),), []),  # the night has no lists by device
        ((("context.hour", "24"),), []),
        ((("context.hour", "²"),), []),
    ],
)
def test_fields_are_in_the_order_of_the_night(situation, fields):
    """What the night has no lists by is passed over, plain names go before made-up ones."""
    assert list(context_fields(["hour", "country", "weather"], situation)) == fields
