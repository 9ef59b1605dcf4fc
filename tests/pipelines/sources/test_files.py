"""The `files` source: formats, options, time zones, and files that are damaged."""

from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.sources.raw import SourceError
from pipelines.sources.settings import SourceSettings
from settings import SettingsError
from tests.pipelines.sources.till import Till, events_of, row


@pytest.fixture
def till(tmp_path):
    """An empty source whose limits on bad rows and files are off."""
    return Till(tmp_path, max_bad_share=1.0, max_damaged_share=1.0)


def moments(lake):
    """Moment of each event, in order."""
    return [event["event_at"] for event in events_of(lake)]


def test_a_csv_row_becomes_a_canonical_event(till):
    """Text columns get canonical types, money is decimal, and what is absent is null."""
    till.deliver("a.csv", [row(event_id="e1")])
    lake = till.ingest()
    assert events_of(lake) == [
        {
            "event_id": "e1",
            "user_id": "ann",
            "item_id": "milk",
            "event_type": "purchase",
            "event_at": datetime(2024, 3, 1, 10),
            "value": Decimal("2.5000"),
            "quantity": None,
            "session_id": "b1",
            "recommendation_id": None,
            "position": None,
            "context": None,
            "received_at": datetime(2024, 3, 1, 10),
        }
    ]
    assert lake.manifest["counts"] == {
        "delivered": 1,
        "collected": 0,
        "quarantined": 0,
        "reasons": {},
        "duplicates": 0,
        "events": 1,
    }


def test_options_reach_the_csv_reader(till):
    """A semicolon file without a header is read with the options of the settings."""
    path = till.folder / "in" / "a.csv"
    path.parent.mkdir()
    path.write_text(";ann;milk;purchase;2024-03-01 10:00:00;2.50;b1\n", encoding="utf-8")
    names = ["event_id", "user_id", "item_id", "event_type", "event_at", "value", "session_id"]
    till.table["options"] = {"delimiter": ";", "header": False, "names": names}
    assert moments(till.ingest()) == [datetime(2024, 3, 1, 10)]


def test_an_option_that_no_csv_reader_has_stops_the_run(till):
    """A misspelt option of CSV makes every file unreadable; the error names the option."""
    till.deliver("a.csv", [row()])
    till.table["options"] = {"delimitter": ";"}
    with pytest.raises(SourceError, match=r'every file is damaged; .*"delimitter" argument'):
        till.ingest()


def test_an_option_that_no_parquet_reader_has_is_refused(till):
    """A misspelt option of Parquet is an error of the settings, not of the file."""
    (till.folder / "in").mkdir()
    pq.write_table(pa.Table.from_pylist([row()]), till.folder / "in" / "a.parquet")
    till.table |= {"format": "parquet", "options": {"union": True}}
    with pytest.raises(SourceError, match=r"options .*union.* of a\.parquet: not known to DuckDB"):
        till.ingest()


def test_parquet_and_jsonl_give_the_same_events(tmp_path):
    """One delivery in three formats is one lake."""
    rows = [{"event_id": "", **row("ann")}, {"event_id": "", **row("bob", "tea")}]
    tills = {kind: Till(tmp_path / kind) for kind in ("csv", "parquet", "jsonl")}
    for kind, till in tills.items():
        till.table["format"] = kind
        (till.folder / "in").mkdir()
    tills["csv"].deliver("a.csv", rows)
    pq.write_table(pa.Table.from_pylist(rows), tills["parquet"].folder / "in" / "a.parquet")
    lines = "\n".join(str(one).replace("'", '"') for one in rows)
    (tills["jsonl"].folder / "in" / "a.jsonl").write_text(lines + "\n", encoding="utf-8")
    lakes = [events_of(till.ingest()) for till in tills.values()]
    assert lakes[0] == lakes[1] == lakes[2]
    assert [event["user_id"] for event in lakes[0]] == ["ann", "bob"]


def test_local_moments_become_utc(till):
    """London is an hour ahead in summer, level in winter."""
    till.source["timezone"] = "Europe/London"
    till.deliver("a.csv", [row(at="2024-07-01 12:00:00"), row(at="2024-12-01 12:00:00")])
    assert moments(till.ingest()) == [datetime(2024, 7, 1, 11), datetime(2024, 12, 1, 12)]


def test_moments_with_a_zone_keep_it(till):
    """A column with a time zone of its own is not moved by `[source] timezone`."""
    till.source["timezone"] = "Europe/London"
    till.table["format"] = "parquet"
    (till.folder / "in").mkdir()
    at = pa.array([datetime(2024, 7, 1, 12)], pa.timestamp("us", tz="UTC"))
    table = pa.Table.from_pylist([{"event_id": "e1", **row()}]).drop_columns("event_at")
    pq.write_table(table.append_column("event_at", at), till.folder / "in" / "a.parquet")
    assert moments(till.ingest()) == [datetime(2024, 7, 1, 12)]


def test_a_cell_of_another_type_is_named(till):
    """With typed columns a wrong cell costs its file, and the reason says which line and value."""
    types = ["VARCHAR"] * 5 + ["DOUBLE", "VARCHAR"]
    till.table["options"] = {"all_varchar": False, "dtype": types}
    till.deliver("a.csv", [row(event_id="e1")])
    till.deliver("b.csv", [row(event_id="e2", value="two")])
    lake = till.ingest()
    ((name, reason),) = lake.manifest["damaged_files"]
    assert name.endswith("-b.csv")
    assert reason.startswith("csv: Conversion Error: CSV Error on Line: 2 Original Line: ")
    assert 'Error when converting column "value". Could not convert string "two"' in reason


def test_a_damaged_file_is_quarantined_whole(till):
    """One torn Parquet file is copied aside with the reason; the others are read."""
    till.table["format"] = "parquet"
    good = till.folder / "in" / "good.parquet"
    good.parent.mkdir()
    pq.write_table(pa.Table.from_pylist([{"event_id": "e1", **row()}]), good)
    torn = good.with_name("torn.parquet")
    torn.write_bytes(good.read_bytes()[:-40])
    lake = till.ingest()
    assert [event["event_id"] for event in events_of(lake)] == ["e1"]
    ((name, reason),) = lake.manifest["damaged_files"]
    folder = till.quarantine / "files"
    assert (folder / name).read_bytes() == torn.read_bytes()
    text = (folder / f"{name}.reason.txt").read_text(encoding="utf-8")
    assert text == f"{torn}: {reason}\n"
    assert (name[8:], reason.startswith("parquet: ")) == ("-torn.parquet", True)


def test_damaged_files_of_one_name_lie_side_by_side(till):
    """Two shops' torn files of the same name are both kept, with the path of each."""
    till.table |= {"format": "parquet", "glob": "in/**/*.parquet"}
    for shop in ("north", "south", "east"):
        (till.folder / "in" / shop).mkdir(parents=True)
        (till.folder / "in" / shop / "events.parquet").write_text(shop, encoding="utf-8")
    good = till.folder / "in" / "east" / "events.parquet"
    pq.write_table(pa.Table.from_pylist([{"event_id": "e1", **row()}]), good)
    names = [name for name, _ in till.ingest().manifest["damaged_files"]]
    folder = till.quarantine / "files"
    assert [(folder / name).read_text(encoding="utf-8") for name in names] == ["north", "south"]
    told = [(folder / f"{name}.reason.txt").read_text(encoding="utf-8") for name in names]
    paths = [till.folder / "in" / shop / "events.parquet" for shop in ("north", "south")]
    assert [text.split(": ")[0] for text in told] == [str(path) for path in paths]


def test_a_file_that_cannot_be_read_is_damaged(till):
    """Left out with the reason, and read once it can be."""
    till.deliver("a.csv", [row()])
    away = till.folder / "away.csv"
    (till.folder / "in" / "b.csv").symlink_to(away)
    lake = till.ingest()
    ((name, reason),) = lake.manifest["damaged_files"]
    assert (name[8:], reason) == ("-b.csv", "cannot be read: No such file or directory")
    kept = [path.name for path in (till.quarantine / "files").iterdir()]
    assert (len(events_of(lake)), kept) == (1, [f"{name}.reason.txt"])
    till.deliver("../away.csv", [row("bob")])
    assert {event["user_id"] for event in events_of(till.ingest())} == {"ann", "bob"}


def test_a_folder_that_the_glob_matches_is_no_file(till):
    """It is passed over, and alone it is no match."""
    (till.folder / "in" / "archive").mkdir(parents=True)
    with pytest.raises(SourceError, match=r"no file under .* matches"):
        till.ingest()
    till.deliver("a.csv", [row()])
    lake = till.ingest()
    assert (len(events_of(lake)), lake.manifest["damaged_files"]) == (1, [])


def test_too_many_damaged_files_stop_the_run(till):
    """Over `max_damaged_share` nothing is written, and the files are named."""
    till.source["max_damaged_share"] = 0.4
    till.table["format"] = "parquet"
    good = till.folder / "in" / "good.parquet"
    good.parent.mkdir()
    pq.write_table(pa.Table.from_pylist([{"event_id": "e1", **row()}]), good)
    good.with_name("torn.parquet").write_bytes(b"PAR1")
    with pytest.raises(SourceError, match=r"1 of 2 files are damaged: torn\.parquet .*allows 40"):
        till.ingest()
    assert not (till.folder / "var" / "demo" / "lake" / "manifest.json").exists()


def test_a_table_of_damaged_files_alone_is_refused(till):
    """When no file of a table can be read the error names the first."""
    till.table["format"] = "parquet"
    (till.folder / "in").mkdir()
    (till.folder / "in" / "torn.parquet").write_bytes(b"PAR1")
    with pytest.raises(SourceError, match=r"every file is damaged; the first: torn\.parquet"):
        till.ingest()


def test_a_glob_without_files_is_refused(till):
    """A glob that matches nothing names the table and the folder that was searched."""
    with pytest.raises(SourceError, match=r"\[source\.tables\.rows\] glob 'in/\*': no file under"):
        till.ingest()


def test_raw_files_are_named_by_their_content(till):
    """The same bytes under another name become the same raw file."""
    till.deliver("a.csv", [row()])
    first = sorted(p.name for p in (till.ingest().directory / "raw").rglob("*.parquet"))
    (till.folder / "in" / "a.csv").rename(till.folder / "in" / "b.csv")
    till.deliver("c.csv", [row("bob")])
    second = sorted(p.name for p in (till.ingest().directory / "raw").rglob("*.parquet"))
    assert (len(first), set(first) <= set(second), len(second)) == (1, True, 2)


def test_tables_belong_to_the_files_source(tmp_path):
    """Raw tables in the settings of another kind of source are refused."""
    till = Till(tmp_path, kind="complete_journey")
    with pytest.raises(SettingsError, match="belongs to kind 'files', not to 'complete_journey'"):
        till.settings.read(SourceSettings)
