"""From raw rows to the lake: quarantine, ids, duplicates, dimensions, unchanged input."""

import os
import random
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.files import hash_file
from pipelines.lake import KEEP_UNLISTED, LakeError, open_lake, write_table
from pipelines.sources.raw import SourceError
from tests.pipelines.sources.till import EVENTS, ITEMS, Till, events_of, row

ROOT = Path(__file__).resolve().parents[3]
BAD_ROWS = {
    "missing user_id": row(user=""),
    "user_id longer than 128 characters": row(user="u" * 129),
    "missing item_id": row(item=""),
    "item_id longer than 128 characters": row(item="i" * 129),
    "missing or unparsable event_at": row(at="31/12/2024"),
    "missing event_type": row(event_type=""),
    "unknown event_type": row(event_type="stare"),
    "negative value": row(value="-0.01"),
    "event_id longer than 128 characters": row(event_id="e" * 129),
}


@pytest.fixture
def till(tmp_path):
    """An empty source that lets any share of rows be bad."""
    return Till(tmp_path, max_bad_share=1.0)


def test_every_bad_row_is_kept_with_its_reason(till):
    """Each reason is counted, and the rows lie in quarantine as they were delivered."""
    rows = list(BAD_ROWS.values())
    till.deliver("a.csv", [*rows, row(), row(user="u" * 128), rows[0]])
    counts = till.ingest().manifest["counts"]
    assert counts == {
        "delivered": len(rows) + 3,
        "quarantined": len(rows) + 1,
        "reasons": {**dict.fromkeys(sorted(BAD_ROWS), 1), "missing user_id": 2},
        "duplicates": 0,
        "events": 2,
    }
    kept = pq.read_table(till.quarantine / "events.parquet").to_pylist()
    found = sorted((r["reason"], r["user_id"] or "", r["item_id"] or "") for r in kept)
    given = [(reason, r["user_id"], r["item_id"]) for reason, r in BAD_ROWS.items()]
    assert found == sorted([*given, ("missing user_id", "", "milk")])


def test_negative_quantities_and_nul_characters_are_refused(till):
    """Reasons that CSV text can hardly bring are reached through the mapping."""
    sql = EVENTS.replace("value: Money.,", "value: Money., quantity: Units.,").replace(
        "event_at, value,", "event_at, value, -1 as quantity,"
    )
    sql = sql.replace(
        "user_id, item_id,",
        "case item_id when 'tea' then 'a' || chr(0) else user_id"
        " end as user_id, case item_id when 'jam' then chr(0) else item_id end"
        " as item_id,",
        1,
    )
    till.write_staging("events", sql)
    till.deliver("a.csv", [row(), row(item="tea"), row(item="jam")])
    with pytest.raises(SourceError, match="not one of 3 rows is usable"):
        till.ingest()
    kept = pq.read_table(till.quarantine / "events.parquet").to_pylist()
    assert sorted(r["reason"] for r in kept) == [
        "item_id with a NUL character",
        "negative quantity",
        "user_id with a NUL character",
    ]


FAR_MOMENTS = (
    "infinity",
    "-infinity",
    "0044-03-15 (BC) 12:00:00",
    "20000-01-01 00:00:00",
    "294247-01-10 04:00:54",
    "290309-12-22 (BC) 00:00:00",
    "1989-12-31 23:59:59",
    "2200-01-01 00:00:00",
)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_moments_out_of_range_are_refused(till, zone):
    """Those that no calendar of the night holds go to quarantine as delivered, in any zone."""
    till.source["timezone"] = zone
    rows = [row(at=moment) for moment in (*FAR_MOMENTS, "1990-01-02", "2199-12-30")]
    till.deliver("a.csv", rows)
    counts = till.ingest().manifest["counts"]
    reason = "event_at out of range (1990 to 2199)"
    found = (counts["reasons"].get(reason), counts["events"])
    # Either end of the range is a few hours elsewhere in another zone.
    assert (
        found
        == {
            "UTC": (8, 2),
            "America/New_York": (7, 3),
            "Asia/Tokyo": (7, 3),
        }[zone]
    )
    kept = duckdb.connect().read_parquet(str(till.quarantine / "events.parquet"))
    assert kept.filter("event_at = 'infinity'").aggregate("count(*)").fetchall() == [(1,)]


def test_a_receipt_out_of_range_is_refused(till):
    """No run would ever see an event received in the year 20000."""
    sql = EVENTS.replace("value: Money.,", "value: Money., received_at: Receipt.,").replace(
        "event_at, value,", "event_at, value, session_id as received_at,"
    )
    till.write_staging("events", sql)
    till.deliver("a.csv", [row(session_id="2024-03-02"), row(session_id="20000-01-01")])
    counts = till.ingest().manifest["counts"]
    assert counts["reasons"] == {"received_at out of range (1990 to 2199)": 1}


def test_an_empty_event_id_is_none(till):
    """Rows whose id is an empty text are told apart like rows without one."""
    sql = EVENTS.replace("nullif(event_id, '') as event_id", "coalesce(event_id, '') as event_id")
    till.write_staging("events", sql)
    till.deliver("a.csv", [row(), row(), row("bob")])
    ids = [event["event_id"] for event in events_of(till.ingest())]
    assert ([len(one) for one in ids], len(set(ids))) == ([64] * 3, 3)


def test_too_many_bad_rows_stop_the_run(till):
    """Over `max_bad_share` the error gives shares and reasons, and the lake stays as it was."""
    till.deliver("a.csv", [row(), row("bob")])
    before = till.ingest()
    till.source["max_bad_share"] = 0.2
    till.deliver("b.csv", [row("cat"), row(user="")])
    with pytest.raises(SourceError, match=r"1 of 4 rows are bad \(1 × missing user_id\).*20\.0%"):
        till.ingest()
    assert open_lake(till.settings) == before
    assert [event["user_id"] for event in events_of(before)] == ["ann", "bob"]


def test_exactly_the_allowed_share_goes_on(till):
    """The bound itself is allowed."""
    till.source["max_bad_share"] = 0.25
    till.deliver("a.csv", [row("ann"), row("bob"), row("cat"), row(user="")])
    assert till.ingest().manifest["counts"]["quarantined"] == 1


def test_the_first_received_of_a_client_id_wins(till):
    """One id delivered twice, changed meanwhile, is the earlier; the other is counted."""
    early, late = row(event_id="e1"), row(event_id="e1", at="2024-03-02 10:00:00", value="9")
    till.deliver("a.csv", [late])
    till.deliver("b.csv", [early])
    lake = till.ingest()
    assert [event["event_at"] for event in events_of(lake)] == [datetime(2024, 3, 1, 10)]
    assert lake.manifest["counts"]["duplicates"] == 1


def test_identical_rows_of_one_file_are_events_of_their_own(till):
    """Three equal lines in one file are three; two of them in another file add none."""
    till.deliver("a.csv", [row()] * 3)
    assert len(events_of(till.ingest())) == 3
    till.deliver("b.csv", [row()] * 2)
    lake = till.ingest()
    assert len(events_of(lake)) == 3
    assert lake.manifest["counts"]["duplicates"] == 2


def test_a_file_delivered_twice_adds_nothing(till):
    """A copy of a file under another name brings the same events."""
    till.deliver("a.csv", [row(), row("bob"), row()])
    first = events_of(till.ingest())
    till.deliver("copy.csv", [row(), row("bob"), row()])
    assert events_of(till.ingest()) == first


def test_shuffled_rows_and_files_are_the_same_lake(tmp_path):
    """Neither the order of rows nor their place in files decides an id or a byte of the lake."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    dice = random.Random(seed)
    rows = [
        row(f"u{k % 7}", f"i{k % 11}", f"2024-03-{1 + k % 28:02d} 10:00:00", session_id=f"b{k}")
        for k in range(80)
    ]
    rows += [row(f"v{k}", session_id="") for k in range(5)]
    lakes = []
    for number in range(3):
        till = Till(tmp_path / str(number))
        dice.shuffle(rows)
        for part in range(number + 1):
            till.deliver(f"{dice.random()}.csv", rows[part :: number + 1])
        lakes.append(till.ingest())
    hashes = [{key: lake.manifest[key] for key in ("events", "items", "users")} for lake in lakes]
    assert hashes[0] == hashes[1] == hashes[2]
    assert len({lake.snapshot_hash for lake in lakes}) == 1
    assert len({event["event_id"] for event in events_of(lakes[0])}) == 85


def test_derived_ids_tell_rows_apart(till):
    """User, item, type, moment and session each make another id of 64 hex digits."""
    till.deliver(
        "a.csv",
        [
            row(),
            row("bob"),
            row(item="tea"),
            row(event_type="view"),
            row(at="2024-03-01 10:00:01"),
            row(session_id="b2"),
        ],
    )
    ids = [event["event_id"] for event in events_of(till.ingest())]
    assert (len(set(ids)), {len(one) for one in ids}) == (6, {64})


def test_events_lie_in_files_of_their_day_named_by_content(till):
    """A day is a file whose name is the start of its SHA-256; rows are sorted by moment and id."""
    till.deliver("a.csv", [row(at="2024-03-02 09:00:00"), row(), row("bob")])
    lake = till.ingest()
    entries = lake.manifest["events"]
    assert [(entry["day"], entry["rows"]) for entry in entries] == [
        ("2024-03-01", 2),
        ("2024-03-02", 1),
    ]
    for entry in entries:
        digest = hash_file(lake.directory / entry["path"])
        assert (entry["sha256"], entry["path"]) == (
            digest,
            f"events/day={entry['day']}/till-{digest[:16]}.parquet",
        )
    keys = [(event["event_at"], event["event_id"]) for event in events_of(lake)]
    assert keys == sorted(keys)


def test_every_id_gets_a_row(till):
    """Items and users seen in events alone are completed; delivered ones keep what they have."""
    till.deliver("a.csv", [row(), row("bob", "tea")])
    lake = till.ingest()
    items = pq.read_table(lake.table_file("items")).to_pylist()
    users = pq.read_table(lake.table_file("users")).to_pylist()
    assert [(i["item_id"], i["title"], i["category"], i["available"]) for i in items] == [
        ("milk", "Good milk", "all", True),
        ("tea", "tea", None, True),
    ]
    assert users == [
        {"user_id": "ann", "segment": "regulars", "created_at": None, "city": "York"},
        {"user_id": "bob", "segment": None, "created_at": None, "city": None},
    ]


def with_vectors(till, vectors):
    """Items of the till with *vectors*: item → DuckDB's text of a list, '' for none."""
    rows = " union all ".join(
        f"select '{item}' as item_id, try_cast(nullif('{text}', '') as varchar[]) as vector"
        for item, text in vectors.items()
    )
    header = ITEMS.partition("select")[0].replace(
        "title: Title., category: Shelf.", "vector: Where it points."
    )
    till.write_staging("items", f"{header}{rows}")
    till.deliver("a.csv", [row(), row("bob", "tea")])


def test_vectors_come_along_if_they_are_finite(till, caplog):
    """Lists of numbers reach the lake; others are left out and counted in a warning."""
    with_vectors(
        till,
        {
            "milk": "[1, -2.5]",
            "jam": "[1, nan]",
            "rum": "[inf, 1]",
            "egg": "[1, null]",
            "ice": "[]",
            "oil": "[many, 1]",
            "rye": "",
        },
    )
    lake = till.ingest()
    items = pq.read_table(lake.table_file("items"))
    assert items.schema.field("vector").type == pa.list_(pa.field("element", pa.float32()))
    found = {i["item_id"]: i["vector"] for i in items.to_pylist()}
    nothing = dict.fromkeys(("jam", "rum", "egg", "ice", "oil", "rye", "tea"))
    assert found == {"milk": [1.0, -2.5], **nothing}
    assert "5 of 6 vectors are left out; expected lists of finite numbers" in caplog.text


def test_vectors_of_two_lengths_are_refused(till):
    """The error counts the items of each length and names the first."""
    with_vectors(till, {"milk": "[1, 2]", "jam": "[3, 4]", "rum": "[1, 2, 3]"})
    lengths = r"2 lengths \(2 numbers: 2 items, jam first; 3 numbers: 1 items, rum first\)"
    with pytest.raises(SourceError, match=f"items.sql: vectors of {lengths}; expected one length"):
        till.ingest()


def test_unchanged_input_is_not_read_again(till):
    """The second ingest returns the same lake without touching a file; new bytes are read."""
    path = till.deliver("a.csv", [row()])
    first = till.ingest()
    before = {p: p.stat().st_mtime_ns for p in first.directory.rglob("*") if p.is_file()}
    second = till.ingest()
    after = {p: p.stat().st_mtime_ns for p in first.directory.rglob("*") if p.is_file()}
    assert (second, after) == (first, before)
    path.write_text(path.read_text(encoding="utf-8").replace("ann", "bob"), encoding="utf-8")
    assert [event["user_id"] for event in events_of(till.ingest())] == ["bob"]


def test_staging_may_read_only_what_the_source_delivers(till):
    """An unknown table in staging names the file and the tables there are."""
    till.deliver("a.csv", [row()])
    till.write_staging("events", EVENTS.replace("from rows", "from row"))
    with pytest.raises(SourceError, match=r"events\.sql: reads row, but the source delivers rows"):
        till.ingest()


def test_staging_gives_what_its_header_lists(till):
    """A column that the header does not list is refused with both lists."""
    till.deliver("a.csv", [row()])
    till.write_staging("events", EVENTS.replace("user_id, item_id, e", "item_id, user_id, e", 1))
    with pytest.raises(SourceError, match=r"events\.sql: the header lists the columns .* gives"):
        till.ingest()


def test_a_failing_staging_file_is_named(till):
    """A column that the raw table lacks is an error of the file, in DuckDB's words."""
    till.deliver("a.csv", [row()])
    till.write_staging("events", EVENTS.replace("user_id, item_id", "usr_id as user_id, item_id"))
    with pytest.raises(SourceError, match=r"(?s)events\.sql: .*usr_id.*user_id"):
        till.ingest()


@pytest.mark.parametrize("table", ["events", "items", "visitors"])
def test_a_cast_that_fails_on_a_row_names_its_file(till, table):
    """One bad value under a strict cast is an error of that file, and says what to write."""
    till.deliver("a.csv", [row(), row(value="much")])
    if table == "events":
        sql = EVENTS.replace("event_at, value,", "event_at, value::decimal(9, 2) as value,")
    else:
        sql = ITEMS.replace("'all' as category", "value::double::varchar as category")
        sql = sql.replace("where item_id = 'milk'", "")
    till.write_staging(table, sql)
    message = rf"(?s){table}\.sql: a row cannot be computed: .*much.*use try_cast"
    with pytest.raises(SourceError, match=message):
        till.ingest()


def test_a_source_maps_all_three_tables(till):
    """A missing staging file is named."""
    till.deliver("a.csv", [row()])
    (till.folder / "staging" / "users.sql").unlink()
    with pytest.raises(SourceError, match=r"no users\.sql; a source maps its raw tables to events"):
        till.ingest()


def test_other_staging_tables_are_kept(till):
    """A staging file beyond the three becomes a table of the lake."""
    till.deliver("a.csv", [row(), row("bob")])
    header = EVENTS.split("columns:")[0] + "columns: {user_id: User.}\nchecks: []\n---*/\n"
    header = header.replace("[event_id]", "[user_id]")
    till.write_staging("visitors", "\n".join([header, "select user_id from rows"]))
    lake = till.ingest()
    kept = lake.directory / lake.manifest["tables"]["visitors"]["path"]
    assert pq.read_table(kept).to_pylist() == [{"user_id": "ann"}, {"user_id": "bob"}]


def test_an_empty_lake_says_what_to_run(till):
    """Opening a lake that was never filled names the command that fills it."""
    with pytest.raises(LakeError, match="holds no events yet; run `python -m pipelines ingest`"):
        open_lake(till.settings)


def test_only_code_that_matters_makes_input_new(till, tmp_path, monkeypatch):
    """Compiled files that Python leaves behind change nothing; the lake's own code does."""
    copy = tmp_path / "pipelines"
    shutil.copytree(ROOT / "pipelines" / "sources", copy / "sources")
    shutil.copy(ROOT / "pipelines" / "lake.py", copy)
    monkeypatch.setattr("pipelines.sources.ingest._PIPELINES", copy)
    till.deliver("a.csv", [row()])
    first = till.ingest().manifest["fingerprint"]
    (copy / "sources" / "__pycache__").mkdir(exist_ok=True)
    (copy / "sources" / "__pycache__" / "new.cpython-311.pyc").write_bytes(b"compiled")
    assert till.ingest().manifest["fingerprint"] == first
    with (copy / "lake.py").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert till.ingest().manifest["fingerprint"] != first


def test_a_file_just_unlisted_stays_however_old_it_is(till):
    """Its week begins when it leaves the manifest: a run opened before may still need it."""
    path = till.deliver("a.csv", [row()])
    old = till.ingest()
    _age(old.directory)
    _rewrite(path, "ann", "bob")
    till.ingest()
    assert [event["user_id"] for event in events_of(old)] == ["ann"]
    (old.event_files()[0].parent / ".till.0.draft").touch()  # as a killed writer leaves it
    _age(old.directory)
    _rewrite(path, "bob", "eve")
    newest = till.ingest()
    kept = {file.name for file in newest.event_files()[0].parent.iterdir()}
    assert (old.event_files()[0].name in kept, ".till.0.draft" in kept, len(kept)) == (
        False,
        False,
        2,
    )


def _rewrite(path, old, new):
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def _age(folder):
    """Files of *folder* as they look a day after their grace has ended."""
    moment = time.time() - KEEP_UNLISTED.total_seconds() - 86400
    for path in folder.rglob("*"):
        os.utime(path, (moment, moment))


def test_a_table_is_written_by_several_at_once(tmp_path):
    """Drafts of the same table do not get in each other's way."""
    tables = [pa.table({"user_id": [f"u{number}"] * 2000}) for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        entries = list(pool.map(lambda table: write_table(table, tmp_path, "users"), tables))
    found = [pq.read_table(tmp_path / entry["path"]) for entry in entries]
    assert found == tables
    assert len(list((tmp_path / "users").iterdir())) == 40


def test_an_ingest_waits_for_another_process(till):
    """Beside one that holds the lock a second does nothing; a killed one lets go."""
    till.deliver("a.csv", [row()])
    lock = till.folder / "var" / "demo" / "locks" / "ingest"
    code = (
        "import sys, time; from pathlib import Path; from pipelines.files import locked\n"
        "with locked(Path(sys.argv[1])):\n"
        "    print('locked', flush=True)\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", code, str(lock)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process,
        ThreadPoolExecutor(1) as pool,
    ):
        assert process.stdout.readline() == b"locked\n"
        second = pool.submit(till.ingest)
        time.sleep(0.5)
        before = (second.done(), (till.folder / "var" / "demo" / "lake").exists())
        process.kill()
        lake = second.result(timeout=30)
    assert (before, len(events_of(lake))) == ((False, False), 1)
