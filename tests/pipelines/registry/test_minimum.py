"""A night with too little data does not begin, and says what is missing."""

import pytest

from pipelines.begin import begin_run
from pipelines.lake import open_lake
from pipelines.registry.minimum import TooLittleDataError
from tests.night_fixtures import SHOP_AS_OF, open_shop


def begin_with(finished_night, **minimum):
    """The shop's night under other minimum numbers."""
    variables = {f"NIGHTSHELF__GATE__MIN_{name.upper()}": str(n) for name, n in minimum.items()}
    settings = open_shop(finished_night.settings.path.parent, variables)
    return begin_run(settings, open_lake(settings), SHOP_AS_OF)


def test_enough_is_enough(finished_night):
    """The defaults suit a shop of 60 users, and they make no other run of it."""
    assert begin_with(finished_night).id == finished_night.id
    assert begin_with(finished_night, users=60, items=40).id == finished_night.id


def test_each_number_that_is_too_low_is_named(finished_night):
    """Found, expected and the key, a line each; what is enough is left out."""
    with pytest.raises(TooLittleDataError) as caught:
        begin_with(finished_night, events=10**6, users=61)
    lines = str(caught.value).splitlines()
    assert lines[0].endswith(
        "events before as_of 2024-05-06 00:00; [gate] min_events = 1000000 expected"
    )
    assert lines[1:] == [
        "60 users with events before as_of 2024-05-06 00:00; [gate] min_users = 61 expected",
        "bring more events, or lower the minimum if so few are enough",
    ]
