"""The events gate: what the source delivered is judged before anything is built on it."""

import shutil
from datetime import datetime, timedelta
from decimal import Decimal

from pipelines.files import read_json
from pipelines.inputs import run_lake
from pipelines.quality.events import check_events
from tests.quality.made_run import AS_OF, found_failures, stopped_by


def test_a_healthy_lake_passes(inputs):
    """Sound tables pass, are counted for the next run, and leave both reports."""
    run = inputs.begin()
    counts = check_events(run)
    record = read_json(run.path("quality", "events.json"))
    assert (record["success"], record["failures"]) == (True, [])
    assert record["rows"] == {"events": 31, "items": 12, "users": 6}
    assert counts == {"expectations": 12, "measurements": 30, **record["rows"]}
    assert "passed" in run.path("quality", "events.html").read_text()


def test_events_after_the_moment_are_not_judged_but_not_counted(inputs):
    """What happened at or after as_of on its day may lie in the lake; the run does not see it."""
    late = {**inputs.events[0], "event_id": "late", "event_at": AS_OF, "received_at": AS_OF}
    inputs.events.append(late)
    assert check_events(inputs.begin())["events"] == 31


# One event each: the changed field, and what the gate finds in that event.
DAMAGES = [
    ({"user_id": None}, "not_null on events.user_id"),
    ({"item_id": ""}, "not_null on events.item_id"),
    ({"user_id": "u" * 129}, "id_length on events.user_id"),
    ({"event_id": "x" * 129}, "id_length on events.event_id"),
    ({"event_type": None}, "not_null on events.event_type"),
    ({"event_type": "teleported"}, "known_type on events.event_type"),
    ({"event_at": datetime(1999, 12, 31)}, "time_range on events.event_at"),
    ({"received_at": None}, "not_null on events.received_at"),
    ({"value": Decimal(-1)}, "not_negative on events.value"),
    ({"quantity": Decimal(-1)}, "not_negative on events.quantity"),
]


def test_every_kind_of_damage_is_found_with_its_row(inputs):
    """Ten events are damaged in ten ways: each is named once, with the row, and nothing else."""
    inputs.settings_text += "max_failing_rows = 1\n"
    known = [*inputs.users, {"user_id": "u" * 129}]
    inputs.users, inputs.items = known, [*inputs.items, {**inputs.items[0], "item_id": ""}]
    for row, (damage, _) in zip(inputs.events, DAMAGES, strict=False):
        row |= damage
    run = inputs.begin()
    stopped_by(check_events, run)
    failures = read_json(run.path("quality", "events.json"))["failures"]
    shown = {f"{f['expectation']} on {f['about']}": f["failing_rows"][0] for f in failures}
    for damage, place in DAMAGES:
        assert shown[place].items() >= {k: _as_shown(v) for k, v in damage.items()}.items()
    in_tables = {"id_length on users.user_id", "not_null on items.item_id"}
    assert set(shown) == {place for _, place in DAMAGES} | in_tables
    assert {f["found"] for f in failures} == {1}


def test_ids_are_unique_and_known(inputs):
    """A repeated event id, and an item that the catalogue lacks, are two failures."""
    inputs.events[0] |= {"event_id": "e1"}
    inputs.events[2] |= {"item_id": "i99"}
    run = inputs.begin()
    message = stopped_by(check_events, run)
    assert found_failures(run, "events") == [
        ("unique", "events.(event_id)", 1),
        ("known_id", "events.item_id", 1),
    ]
    assert "- unique on events.(event_id): found 1 rows, expected at most 0 rows" in message
    assert '    {"event_id": "e1", "n_rows": 2}' in message
    assert '"item_id": "i99"' in message


def _as_shown(value):
    if isinstance(value, Decimal):
        return f"{value:.4f}"
    return str(value) if isinstance(value, datetime) else value


def test_a_file_under_another_day_is_found(inputs):
    """Events of one day in the folder of another would be seen by cutoffs that may not."""
    run = inputs.begin()
    files = run_lake(run).event_files()
    shutil.copyfile(files[20], files[4])
    stopped_by(check_events, run)
    assert found_failures(run, "events") == [
        ("filed_by_day", "events.event_at", 1),
        ("unique", "events.(event_id)", 1),
    ]


def test_items_and_users_have_ids_of_their_own(inputs):
    """A repeated item, a negative price and a user without id are three failures."""
    inputs.items[0] = {**inputs.items[1], "price": Decimal("-0.01")}
    inputs.events = [row for row in inputs.events if row["item_id"] != "i00"]
    inputs.users.append({"user_id": ""})
    run = inputs.begin()
    stopped_by(check_events, run)
    assert found_failures(run, "events") == [
        ("not_negative", "items.price", 1),
        ("unique", "items.(item_id)", 1),
        ("not_null", "users.user_id", 1),
    ]


def test_events_that_arrived_too_late_leave_the_run_stale(inputs):
    """Freshness counts what the run sees, not what reached the lake after it had begun."""
    for row in inputs.events[-5:]:
        row["received_at"] = datetime(2100, 1, 1)
    run = inputs.begin()
    message = stopped_by(check_events, run)
    assert found_failures(run, "events") == [("fresh", "events.event_at", 132)]
    assert "found 132 hours (newest event 2017-12-26 12:00:00" in message
    assert "expected at most 48 hours" in message


def test_a_poor_delivery_stops_the_run(inputs):
    """Shares of quarantined and duplicate rows come from the lake's manifest."""
    inputs.counts = {"delivered": 100, "quarantined": 6, "duplicates": 63}
    run = inputs.begin()
    message = stopped_by(check_events, run)
    assert found_failures(run, "events") == [
        ("share_quarantined", "events", 0.06),
        ("share_duplicates", "events", 0.63),
    ]
    assert "raise [source] max_bad_share" in message
    assert "6 of 100 delivered rows" in message


def test_only_some_failing_rows_are_shown(inputs):
    """`[quality] max_failing_rows` bounds what one failure shows; the count is whole."""
    inputs.settings_text += "max_failing_rows = 3\n"
    for row in inputs.events:
        row["value"] = Decimal(-1)
    run = inputs.begin()
    message = stopped_by(check_events, run)
    assert found_failures(run, "events") == [("not_negative", "events.value", 31)]
    assert sum(line.startswith("    {") for line in message.splitlines()) == 3


def test_a_moment_within_a_day_is_judged_like_midnight(inputs):
    """Events later on the day of as_of are read, yet neither seen nor a failure."""
    noon = AS_OF - timedelta(hours=12)
    assert check_events(inputs.begin(noon))["events"] == 30
