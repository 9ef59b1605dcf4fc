"""What stays on disk: the newest runs, those on the shelf, the unfinished, and their snapshots."""

import os
from datetime import datetime, timedelta

import pytest

from pipelines.features.build import SNAPSHOTS
from pipelines.files import write_json
from pipelines.inputs import dump_cutoffs
from pipelines.moments import NightSettings, choose_cutoffs, compact
from pipelines.retention import remove_old_runs
from pipelines.runs import FINISHED, create_run, do_once, list_runs, runs_directory
from settings import load_settings
from settings.project import var_directory

FIRST_EVENT = datetime(2024, 1, 1)
AS_OF = datetime(2024, 6, 3)


@pytest.fixture
def settings(tmp_path):
    """A project that keeps two runs."""
    path = tmp_path / "nightshelf.toml"
    path.write_text("[surfaces.home]\n[retention]\nkeep_runs = 2\n", encoding="utf-8")
    return load_settings(path, {})


def add_run(settings, day, *, is_finished=True):
    """The run of *day* days after `AS_OF`, with lists of its own and snapshots of its cutoffs."""
    as_of = AS_OF + timedelta(days=day)
    cutoffs = choose_cutoffs(as_of, FIRST_EVENT, NightSettings())
    manifest = {
        "as_of": as_of.isoformat(),
        "snapshot_at": as_of.isoformat(),
        "inputs": {"data": str(day)},
        "cutoffs": dump_cutoffs(cutoffs),
        "settings": {"surfaces": {"home": {}}},
    }
    run = create_run(settings, as_of, manifest)
    write_json(run.path("lists", "manifest.json"), {"version": f"{run.id}-{day:08d}"})
    names = [f"{compact(cutoff)}/user/visits-0123.parquet" for cutoff in cutoffs.all]
    write_json(run.path(SNAPSHOTS), names)
    for name in names:
        write_json(snapshots_folder(settings) / name, "rows")
    if is_finished:
        do_once(run, FINISHED, lambda run: {})
    return run


def snapshots_folder(settings):
    return var_directory(settings) / "snapshots"


def snapshots(settings):
    root = snapshots_folder(settings)
    return {path.relative_to(root).as_posix() for path in root.rglob("*.parquet")}


def make_old(settings):
    for name in snapshots(settings):
        os.utime(snapshots_folder(settings) / name, (0, 0))


def test_the_newest_and_the_published_stay(settings):
    """Of five finished runs two stay for being new and one for being on the shelf."""
    runs = [add_run(settings, day) for day in range(5)]
    unfinished = add_run(settings, -1, is_finished=False)
    removed = remove_old_runs(settings, [f"{runs[1].id}-00000001", "of another night"])
    assert removed == [runs[0].id, runs[2].id]
    assert list_runs(settings) == [unfinished.id, runs[1].id, runs[3].id, runs[4].id]
    assert remove_old_runs(settings, [f"{runs[1].id}-00000001"]) == []


def test_a_run_that_tuning_began_goes_after_a_day(settings):
    """A night's unfinished run stays for ever; tuning's only while somebody may be tuning."""
    of_night, of_tuning, taken_up = (add_run(settings, d, is_finished=False) for d in range(3))
    for run in (of_tuning, taken_up):
        run.mark_for_tuning(wanted=True)
    taken_up.mark_for_tuning(wanted=False)
    assert [run.is_for_tuning for run in (of_night, of_tuning, taken_up)] == [False, True, False]
    assert remove_old_runs(settings, []) == []
    for run in (of_night, of_tuning, taken_up):
        for path in run.directory.rglob("*"):
            os.utime(path, (0, 0))
    assert remove_old_runs(settings, []) == [of_tuning.id]
    assert list_runs(settings) == [of_night.id, taken_up.id]


def test_snapshots_go_with_the_last_run_that_shares_them(settings):
    """Those that a kept run has stay, and young ones, which a night may be about to use."""
    runs = [add_run(settings, day) for day in range(3)]
    shared = snapshots(settings)
    remove_old_runs(settings, [])
    assert snapshots(settings) == shared
    make_old(settings)
    remove_old_runs(settings, [])
    assert shared - snapshots(settings) == {f"{compact(runs[0].as_of)}/user/visits-0123.parquet"}


def test_a_removal_that_was_killed_is_completed(settings):
    """A run that was about to be deleted is no run any more, and the next removal deletes it."""
    run = add_run(settings, 0)
    half_gone = run.directory.rename(run.directory.with_name(f"{run.name}.removed"))
    assert list_runs(settings) == []
    remove_old_runs(settings, [])
    assert not half_gone.exists()
    assert list(runs_directory(settings).iterdir()) == []
