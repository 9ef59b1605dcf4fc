"""The command line, and the commands of the cookbook as they stand there."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from pipelines.__main__ import main
from tests.docs.pages import blocks, shell_lines
from tests.night_fixtures import REPOSITORY, copy_shop

PAGE = "docs/cookbook/training-sets.md"


@pytest.fixture
def call(finished_night, tmp_path, monkeypatch, capsys):
    """Runs a command in a copy of the shop; exit code, output and errors."""
    copy_shop(finished_night.settings, tmp_path / "shop")
    monkeypatch.chdir(tmp_path / "shop")
    monkeypatch.delenv("NIGHTSHELF_SETTINGS", raising=False)

    def run(line):
        code = main(shlex.split(line)[3:])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def write_pairs(run):
    """Two pairs at the evaluated cutoff, one of them of an unknown user."""
    cutoff = pa.array([run.manifest["cutoffs"]["evaluation"]] * 2).cast(pa.timestamp("us"))
    pairs = {"user_id": ["u001", "nobody"], "item_id": ["i001", "i001"], "cutoff": cutoff}
    pq.write_table(pa.table(pairs), "pairs.parquet")


def test_the_cookbook_makes_a_training_set(call, finished_night, capsys):
    """Its Python and its commands, one after the other, on a night of a made shop."""
    spine, use = [block.text for block in blocks("python") if block.page == PAGE]
    exec(compile(spine, PAGE, "exec"), {})  # noqa: S102 - our own page
    lines = [line for page, line in shell_lines() if page == PAGE]
    code, printed, _ = call(lines[0])
    assert (code, printed.splitlines()[-1]) == (
        0,
        f"training.parquet: {len(pq.read_table('spine.parquet'))} rows, "
        f"{pq.read_table('training.parquet').num_columns - 4} features as of run "
        f"{finished_night.name}",
    )
    exec(compile(use, PAGE, "exec"), {})  # noqa: S102 - our own page
    assert capsys.readouterr().out.splitlines()[-1] == "Name: spent, dtype: float64"
    write_pairs(finished_night)
    code, printed, _ = call(lines[1])
    assert (code, [line.split() for line in printed.splitlines()[1:-1]]) == (
        0,
        [
            ["user_item_history", "4", "1", "1", "0", "0"],
            ["item_popularity_28d", "4", "2", "0", "0", "0"],
            ["purchased", "3", "0", "2", "0", "0"],
        ],
    )


def test_a_script_runs_from_anywhere(finished_night, tmp_path):
    """The commands of the reference in another folder, with the project where ours is."""
    page = "docs/reference/training-sets.md"
    (script,) = [b.text for b in blocks("python") if b.page == page and "load_settings" in b.text]
    (tmp_path / "basket_features.py").write_text(script, encoding="utf-8")
    commands = [line for found, line in shell_lines() if found == page and "NIGHTSHELF" in line]
    lines = "\n".join(commands)
    python = '"$NIGHTSHELF/.venv/bin/python"'
    assert (lines.count("~/nightshelf"), lines.count(python)) == (1, 1)
    # The shop's settings stand for the project's: our own root may have no night.
    project = tmp_path / "project"
    project.mkdir()
    for part in ("pipelines", "settings", "store"):
        (project / part).symlink_to(REPOSITORY / part)
    (project / "nightshelf.toml").symlink_to(finished_night.settings.path)
    lines = lines.replace("~/nightshelf", shlex.quote(str(project)))
    done = subprocess.run(
        ["bash", "-ec", lines.replace(python, shlex.quote(sys.executable))],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "'moment', 'user_history." in done.stdout


def test_what_is_wrong_is_said_in_a_line(call, finished_night):
    """No traceback, and no file under the final name."""
    write_pairs(finished_night)
    line = "python -m pipelines features training-set pairs.parquet --to t.parquet --features"
    assert call(f"{line} user_history")[::2] == (
        1,
        "error: the spine has no column moment; name the column of moments (--moment), one of: "
        "cutoff\n",
    )
    with pytest.raises(FileNotFoundError):
        pq.read_table("t.parquet")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("28", "'28' is not a duration; write a whole number and a unit (ms, s, m, h, d): \"36h\""),
        ("never", "or say header or any"),
    ],
)
def test_an_age_is_a_duration_or_a_word(call, capsys, text, message):
    """Anything else ends before something is read."""
    with pytest.raises(SystemExit):
        call(f"python -m pipelines features training-set s --to t.csv --max-age {text}")
    assert message in capsys.readouterr().err


def test_csv_comes_out_as_it_goes_in(call):
    """The ending decides; the same rows and values as Parquet."""
    Path("s.csv").write_text("user_id,moment\nu001,2024-05-06 00:00:00\nnobody,2024-05-06\n")
    line = "python -m pipelines features training-set s.csv --features user_history --to"
    assert call(f"{line} t.csv")[0] == call(f"{line} t.parquet")[0] == 0
    found = csv.read_csv("t.csv").to_pylist()
    assert found == pq.read_table("t.parquet").to_pylist()
    assert [row["user_history.n_user_purchases"] is None for row in found] == [False, True]
    code, _, said = call(f"{line} l.csv".replace("user_history", "user_top_categories"))
    assert (code, "CSV has no lists, and user_top_categories." in said) == (1, True)
    assert not Path("l.csv").exists()


@pytest.mark.parametrize(("name", "found"), [("t.json", ".json"), ("t", "nothing")])
def test_other_endings_are_refused(call, capsys, name, found):
    """Before anything is read: a file whose name says another format helps nobody."""
    with pytest.raises(SystemExit):
        call(f"python -m pipelines features training-set s.parquet --to {name}")
    assert f"{name!r} ends in {found}; expected .parquet or .csv" in capsys.readouterr().err


@pytest.mark.parametrize("age", ["any", "7d"])
def test_older_values_may_be_allowed(call, finished_night, age):
    """Six days after the night its values are too old by their headers, but not by these."""
    moment = pa.array(["2024-05-12"]).cast(pa.timestamp("us"))
    pq.write_table(pa.table({"user_id": ["u001"], "moment": moment}), "s.parquet")
    line = "python -m pipelines features training-set s.parquet --to t.parquet --features"
    call(f"{line} user_segment")
    (before,) = pq.read_table("t.parquet")["user_segment.segment"].to_pylist()
    call(f"{line} user_segment --max-age {age} --run {finished_night.name}")
    (after,) = pq.read_table("t.parquet")["user_segment.segment"].to_pylist()
    assert (before, after is None) == (None, False)
