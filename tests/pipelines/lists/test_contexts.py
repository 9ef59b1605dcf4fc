"""Shared lists by situation: parts of the local day, and keys of the events' context."""

import json
from dataclasses import replace
from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.files import read_json
from pipelines.index import load_index
from pipelines.lists import contexts
from pipelines.lists.contexts import fit_contexts
from store.packed import unpack_list
from tests.night_fixtures import UNAVAILABLE, made_rows

PARTS = ("night", "morning", "afternoon", "evening")


@pytest.fixture
def fit(finished_night, monkeypatch, tmp_path):
    """What `fit_contexts` finds in made events: field → item ids, the most popular first."""
    index = load_index(finished_night)

    def call(events, *, timezone="UTC", **lists):
        tables = finished_night.settings.tables
        tables = {
            **tables,
            "lists": {"min_segment_users": 2, **lists},
            "night": {**tables["night"], "timezone": timezone},
        }
        run = replace(finished_night, settings=replace(finished_night.settings, tables=tables))
        write_events(tmp_path / "events.parquet", events)
        monkeypatch.setattr(contexts, "run_lake", lambda run: MadeLake(tmp_path))
        found = {}
        for context in fit_contexts(run, index):
            rankings = context.model.rankings(100)
            for field, items in zip(context.fields, rankings, strict=True):
                found[field] = index.item_ids[items].tolist()
        return found

    return call


class MadeLake:
    """One file of events, where the run's lake would have one a day."""

    def __init__(self, folder):
        self.folder = folder

    def event_files(self, before):
        return [self.folder / "events.parquet"]


def write_events(path, events):
    """Events (user, item, hour of a May day, context) as the lake has them."""
    columns = {name: [] for name in ("event_id", "user_id", "item_id", "event_type", "context")}
    moments = []
    for number, (user, item, hour, context) in enumerate(events):
        row = (f"e{number:04d}", user, item, "purchase", context)
        for column, value in zip(columns.values(), row, strict=True):
            column.append(value)
        moments.append(datetime(2024, 5, 1, hour))
    table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    for name in ("event_at", "received_at"):
        table = table.append_column(name, pa.array(moments, pa.timestamp("us")))
    pq.write_table(table, path)


def where(**values):
    """An event's context."""
    return json.dumps(values)


def test_a_night_has_lists_by_the_part_of_the_day(finished_night):
    """Counted anew from the rows of the shop: the most bought items of each part, ruled."""
    index = load_index(finished_night)
    folder = finished_night.path("lists")
    assert read_json(folder / "manifest.json")["contexts"] == ["hour", "device", "country"]
    rows = pq.read_table(folder / "fallback.parquet").to_pylist()
    packed = {row["field"]: unpack_list(row["packed"]) for row in rows}
    assert {field for field in packed if "context" in field} == {
        f"{surface}/context/hour={part}" for surface in ("home", "discover") for part in PARTS
    }
    bought = {part: set() for part in PARTS}
    for sale in made_rows().sales:
        hour = datetime.fromisoformat(sale["sold_at"]).hour
        bought[PARTS[hour // 6]].add(sale["product"])
    for part in PARTS:
        entries = list(packed[f"home/context/hour={part}"])
        shown = [index.item_ids[entry.number] for entry in entries]
        assert len(shown) > 5
        assert set(shown) <= bought[part] - {UNAVAILABLE}
        titles = [index.items["title"][entry.number].as_py() for entry in entries]
        assert len(set(titles)) == len(titles)
        assert entries[0].score == 1


def test_hours_are_local(fit):
    """`[night] timezone` decides which part of the day an event is of."""
    events = [(f"u{k}", "i001", 4, None) for k in range(2)]
    assert fit(events, contexts=["hour"]) == {"context/hour=night": ["i001"]}
    assert fit(events, contexts=["hour"], timezone="Europe/Berlin") == {
        "context/hour=morning": ["i001"]
    }


def test_values_are_those_of_the_context(fit):
    """Texts, numbers and booleans are values; each has the items of its own events by weight."""
    events = [
        *((f"u{k}", "i001", 8, where(country="DE", member=True)) for k in range(3)),
        *((f"u{k}", "i002", 8, where(country="DE", member=False)) for k in range(2)),
        *((f"u{k}", "i003", 8, where(country="AT", store=7)) for k in range(2)),
    ]
    assert fit(events, contexts=["country", "store", "member"]) == {
        "context/country=DE": ["i001", "i002"],
        "context/country=AT": ["i003"],
        "context/store=7": ["i003"],
        "context/member=true": ["i001"],
        "context/member=false": ["i002"],
    }


def test_few_users_are_no_situation(fit):
    """Whoever buys ten times alone makes no list; of many values only the largest stay."""
    alone = [("u1", "i001", 8, where(country="LI")) for _ in range(10)]
    two = [(f"u{k}", "i002", 8, where(country="BE")) for k in range(2)]
    three = [(f"u{k}", "i003", 8, where(country="FR")) for k in range(3)]
    also_two = [(f"u{k}", "i004", 8, where(country="AT")) for k in range(2)]
    events = [*alone, *two, *three, *also_two]
    fields = fit(events, contexts=["country"], max_context_values=2)
    assert list(fields) == ["context/country=FR", "context/country=AT"]


@pytest.mark.parametrize(
    "context",
    [
        None,
        "",
        "no JSON",
        '{"country": "DE"',
        "[]",
        '"DE"',
        '{"country": null}',
        '{"country": ["DE"]}',
        '{"country": {"code": "DE"}}',
        '{"country": ""}',
        json.dumps({"country": "D" * 65}),
        "[" * 5000,
    ],
)
def test_a_damaged_context_says_nothing(fit, context):
    """No night fails because of what a client wrote, and the other events count."""
    events = [(f"u{k}", "i001", 8, context) for k in range(3)]
    good = [(f"u{k}", "i002", 8, where(country="DE")) for k in range(2)]
    assert fit([*events, *good], contexts=["country"]) == {"context/country=DE": ["i002"]}


def test_no_contexts_no_lists(fit):
    """An empty setting, and events without any context, leave the shared lists as they were."""
    events = [("u1", "i001", 8, None), ("u2", "i001", 8, None)]
    assert fit(events, contexts=[]) == {}
    assert fit(events, contexts=["country"]) == {}
