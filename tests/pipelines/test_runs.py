"""A run: its id, its stages done once, its locks, and how a rebuild takes its place."""

import subprocess
import sys
from datetime import datetime

import pytest

from pipelines.files import read_json, replacing, replacing_directory
from pipelines.runs import (
    FINISHED,
    RunError,
    create_run,
    do_once,
    list_runs,
    open_run,
    replace_run,
    run_id,
)
from settings import load_settings
from tests.night_fixtures import REPOSITORY

AS_OF = datetime(2024, 5, 6)
MANIFEST = {
    "as_of": AS_OF.isoformat(),
    "snapshot_at": "2024-05-06T02:00:00",
    "inputs": {"data": "a", "sql": "b"},
    "settings": {"surfaces": {"home": {}}},
}


@pytest.fixture
def settings(tmp_path):
    """A project with two surfaces and nothing else."""
    path = tmp_path / "nightshelf.toml"
    path.write_text("[surfaces.home]\n[surfaces.discover]\n", encoding="utf-8")
    return load_settings(path, {})


@pytest.fixture
def run(settings):
    """A new run."""
    return create_run(settings, AS_OF, MANIFEST)


def test_the_same_inputs_are_the_same_run(settings, run):
    """The id is the moment and twelve digits of the inputs; the order of keys does not matter."""
    assert run.id == run_id(AS_OF, {"sql": "b", "data": "a"})
    assert run.id.startswith("20240506T000000-")
    assert len(run.id) == len("20240506T000000-") + 12
    assert run_id(AS_OF, {"data": "a", "sql": "c"}) != run.id
    assert create_run(settings, AS_OF, MANIFEST) == run
    assert run.manifest == {"run_id": run.id, **MANIFEST}


def test_an_opened_run_keeps_its_first_manifest(settings, run):
    """Opening the same run later does not move the moment at which it read the lake."""
    create_run(settings, AS_OF, {**MANIFEST, "snapshot_at": "later"})
    assert run.manifest == {"run_id": run.id, **MANIFEST}


def test_a_stage_is_done_once(run):
    """Its record has counts, seconds and memory; the second call does nothing."""
    calls = []

    def work(run):
        calls.append(run.id)
        return {"rows": 3}

    do_once(run, "index", work)
    do_once(run, "index", work)
    record = run.stage_record("index")
    assert (calls, record["stage"], record["counts"]) == ([run.id], "index", {"rows": 3})
    assert record["seconds"] >= 0
    assert record["peak_mb"] > 0


def test_a_stage_that_raises_is_not_done(run):
    """Nothing of it remains, and the next try goes on."""

    def torn(run):
        with replacing(run.path("a.txt")) as beside:
            beside.write_text("half", encoding="utf-8")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        do_once(run, "index", torn)
    assert not run.is_done("index")
    assert [path.name for path in run.directory.rglob("*") if path.is_file()] == [
        "manifest.json",
        "index",
    ]
    do_once(run, "index", lambda run: {})
    assert run.is_done("index")


def test_a_finished_run_is_read_only(run):
    """A stage that it lacks is refused; one that it has is skipped."""
    do_once(run, "index", lambda run: {})
    do_once(run, FINISHED, lambda run: {})
    do_once(run, "index", lambda run: pytest.fail("done twice"))
    with pytest.raises(RunError, match="is finished and read-only; it has no stage 'lists': use"):
        do_once(run, "lists", lambda run: {})


def test_records_come_in_the_order_of_their_end(run):
    """Timings are told as they happened, not by name."""
    for stage in ("index", "features", "evaluation"):
        do_once(run, stage, lambda run: {})
    assert [r["stage"] for r in run.stage_records()] == ["index", "features", "evaluation"]


def test_a_stage_waits_for_another_process(run, tmp_path):
    """While one process holds the lock another waits; a killed one lets go of it."""
    code = (
        "import sys, time; from pathlib import Path; from datetime import datetime\n"
        "from pipelines.runs import Run\n"
        "run = Run('x', Path(sys.argv[1]), datetime(2024, 5, 6), None)\n"
        "with run.lock('index'):\n"
        "    print('locked', flush=True)\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", code, str(run.directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=REPOSITORY) as process:
        assert process.stdout.readline() == b"locked\n"
        probe = [sys.executable, "-c", PROBE, str(run.path("locks", "index"))]
        held = subprocess.run(probe, check=False).returncode
        process.kill()
        process.wait()
        free = subprocess.run(probe, check=False).returncode
    assert (held, free) == (1, 0)


PROBE = """
import fcntl, sys
try:
    fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    sys.exit(1)
"""


def test_a_run_is_opened_by_name(settings, run):
    """With the surfaces that it was made for, whatever the settings say now."""
    opened = open_run(settings, run.name)
    assert (opened.id, opened.directory, opened.as_of) == (run.id, run.directory, AS_OF)
    assert set(opened.settings.tables["surfaces"]) == {"home"}


def test_an_unknown_run_names_those_there_are(settings):
    """The error lists the runs on disk, or says how to start one."""
    with pytest.raises(RunError, match="there are: none yet"):
        open_run(settings, "x")
    known = create_run(settings, AS_OF, MANIFEST)
    with pytest.raises(RunError, match=rf"no run 'x' under .*; there are: {known.id}$"):
        open_run(settings, "x")


def test_a_rebuild_takes_the_place_of_the_run(settings, run):
    """It is made beside it, starts empty each time, and is swapped in whole."""
    do_once(run, "index", lambda run: {"made": 1})
    rebuild = create_run(settings, AS_OF, MANIFEST, rebuild=True)
    assert (rebuild.id, rebuild.name, rebuild.is_rebuild) == (run.id, f"{run.id}.rebuild", True)
    do_once(rebuild, "index", lambda run: {"made": 2})
    assert list_runs(settings) == [run.id, rebuild.name]
    again = create_run(settings, AS_OF, MANIFEST, rebuild=True)
    assert not again.is_done("index")
    do_once(again, "index", lambda run: {"made": 3})
    replaced = replace_run(again)
    assert (replaced, list_runs(settings)) == (run, [run.id])
    assert run.stage_record("index")["counts"] == {"made": 3}


def test_a_folder_is_replaced_whole(tmp_path):
    """Readers see the old folder or the new one; a failure leaves the old."""
    target = tmp_path / "lists"
    for text in ("old", "new"):
        with replacing_directory(target) as beside:
            (beside / "a").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="broken"):
        _write_torn(target)
    assert [path.name for path in tmp_path.rglob("*")] == ["lists", "a"]
    assert (target / "a").read_text(encoding="utf-8") == "new"


def _write_torn(target):
    with replacing_directory(target) as beside:
        (beside / "b").write_text("torn", encoding="utf-8")
        raise ValueError("broken")


def test_json_is_written_the_same_every_time(run):
    """Keys are sorted, so that equal manifests are equal bytes."""
    text = run.path("manifest.json").read_text(encoding="utf-8")
    keys = [line.split('"')[1] for line in text.splitlines() if line.startswith(' "')]
    assert keys == sorted(keys)
    assert read_json(run.path("manifest.json"))["run_id"] == run.id


def test_a_damaged_manifest_is_named(settings, run):
    """Whoever lists or opens runs is told which folder to move away, and what that costs."""
    run.path("manifest.json").write_text("{", encoding="utf-8")
    for look in (lambda: list_runs(settings), lambda: open_run(settings, run.name)):
        with pytest.raises(RunError, match=r"manifest\.json is damaged .*; move the run's folder"):
            look()


def test_runs_are_listed_as_they_were_made(settings):
    """Of runs of one moment the one opened last is last, whatever the digits of its hash."""
    made = [
        create_run(
            settings,
            AS_OF,
            {**MANIFEST, "inputs": {"data": str(n)}, "snapshot_at": f"2024-05-06T02:{n:02d}:00"},
        )
        for n in range(8)
    ]
    before = create_run(
        settings, datetime(2024, 5, 5), {**MANIFEST, "as_of": "2024-05-05T00:00:00"}
    )
    assert list_runs(settings) == [before.id, *(run.id for run in made)]
