"""Whose turn it is when more users have news than one refresh may do."""

from datetime import datetime, timedelta

from pipelines.refresh.turns import Turn, take_turns
from store.overlay import dump_state, load_state

NIGHT, HOUR = datetime(2026, 3, 2), timedelta(hours=1)


def came(*hours):
    """Users with news of these hours."""
    return {f"u{place}": NIGHT + hour * HOUR for place, hour in enumerate(hours)}


def test_those_of_one_moment_go_together():
    """The next refresh goes on with a moment, so that nobody of this one may be left."""
    assert take_turns(came(1, 2, 3), 3) == (["u0", "u1", "u2"], None)
    assert take_turns(came(1, 2, 3), 2) == (["u0", "u1"], NIGHT + 3 * HOUR)
    assert take_turns(came(1, 2, 2, 3), 2) == (["u0", "u1", "u2"], NIGHT + 3 * HOUR)
    assert take_turns(came(1, 1, 1), 1) == (["u0", "u1", "u2"], None)


def test_a_look_at_everybody_ends_when_nobody_is_left():
    """Until then it goes on where it stopped; then it looks back from where it began."""
    first = Turn(NIGHT).after(NIGHT + 5 * HOUR, NIGHT + 2 * HOUR)
    assert first.since(NIGHT, HOUR) == NIGHT + 2 * HOUR
    second = first.after(NIGHT + 6 * HOUR, NIGHT + 3 * HOUR)
    assert second.since(NIGHT, HOUR) == NIGHT + 3 * HOUR
    last = second.after(NIGHT + 7 * HOUR, None)
    assert last.since(NIGHT, HOUR) == NIGHT + 4 * HOUR
    assert last == Turn(NIGHT + 5 * HOUR)


def test_the_store_keeps_it():
    """And what was kept before it knew of turns is read too."""
    turn = Turn(NIGHT, NIGHT + HOUR, NIGHT + 2 * HOUR)
    assert Turn.of(load_state(dump_state(turn.state(3, 1)))) == turn
    assert Turn.of(load_state('{"moment":"2026-03-02T00:00:00","users":3,"generation":1}')) == Turn(
        NIGHT
    )
