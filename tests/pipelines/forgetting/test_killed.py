"""Forgetting that is killed anywhere goes on where it was, and ends with nothing left."""

import random
import secrets
import signal
import subprocess
import sys
from pathlib import Path

from pipelines.forgetting.forget import forget_files, forget_user
from pipelines.forgetting.record import work_folder
from pipelines.lake import open_lake
from pipelines.registry.model import find_damage
from pipelines.registry.registry import read_registry
from pipelines.registry.remedy import check_lists, find_run_damage
from pipelines.runs import list_runs, open_run
from settings.project import var_directory
from tests.pipelines.forgetting.known import USER
from tests.pipelines.forgetting.traces import traces_in_store, traces_on_disk

# Event and place before which a fork is killed; how often it happens before that is drawn.
FILES = (("os.rename", "/snapshots/"), ("os.rename", "/runs/"), ("os.rename", "/lake/events/"))
STEPS = (
    ("os.rename", "/journal.json"),
    ("os.rename", "/registry.json"),
    ("os.rename", "/report.html"),
    ("os.rename", "/lake/manifest.json"),
    ("os.remove", "/lake/events/"),
    ("os.rename", "/forgotten.json"),
)
ROUNDS = 4


def test_whoever_is_killed_is_finished_by_the_next(shop, client):
    """Kills before renames and deletions of all kinds; then one pass to the end, and no trace."""
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    points = [(*dice.choice(FILES), dice.randint(1, 9)) for _ in range(ROUNDS // 2)]
    points += [(*point, 1) for point in dice.sample(STEPS, ROUNDS - len(points))]
    forget_user(shop, USER)
    command = [sys.executable, "-m", "tests.pipelines.forgetting.forking", str(shop.path)]
    with subprocess.Popen(
        command,
        cwd=Path(__file__).parents[3],
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as forking:
        ends = []
        for what, part, times in points:
            print(what, times, part, file=forking.stdin, flush=True)
            ends.append(int(forking.stdout.readline()))
        forking.stdin.close()
    assert set(ends) <= {0, signal.SIGKILL}, ends
    assert signal.SIGKILL in ends
    done = forget_files(shop)
    assert done.left == ()
    assert traces_on_disk(var_directory(shop), USER) == []
    assert traces_in_store(client, USER) == []
    run = open_run(shop, list_runs(shop)[-1])
    check_lists(run)
    assert find_run_damage(run, {}) == ""
    assert [find_damage(shop, record) for record in read_registry(shop).models] == [""]
    assert [path for path in open_lake(shop).event_files() if not path.exists()] == []
    assert list(work_folder(shop).glob("*")) == []
