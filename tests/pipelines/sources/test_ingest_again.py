"""The lake over time: unchanged input, other code, files that leave it, others at work on it."""

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.lake import KEEP_UNLISTED, LakeError, open_lake, write_table
from tests.pipelines.sources.till import events_of, row

ROOT = Path(__file__).resolve().parents[3]


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


def test_an_empty_lake_says_what_to_run(till):
    """Opening a lake that was never filled names the command that fills it."""
    with pytest.raises(LakeError, match="holds no events yet; run `python -m pipelines ingest`"):
        open_lake(till.settings)


def test_only_code_that_matters_makes_input_new(till, tmp_path, monkeypatch):
    """Compiled files that Python leaves behind change nothing; the lake's own code does."""
    copy = tmp_path / "pipelines"
    shutil.copytree(ROOT / "pipelines" / "sources", copy / "sources")
    for name in ("lake.py", "collected.py"):
        shutil.copy(ROOT / "pipelines" / name, copy)
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
