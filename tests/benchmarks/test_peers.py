"""The benchmark as a whole, with our own models and without a network."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks import peers
from benchmarks.peers_runners.pairs import make_split


def test_our_models_run_as_children():
    """Each is fitted in a process of its own, and its lists find what a group of users likes."""
    skipped = {}
    split = make_split(60, 60, seed=2)
    settings = peers.choose_settings(factors=8, neighbours=20)
    pythons = {peers.OURS: Path(sys.executable)}
    figures = list(peers.run_all(split, settings, pythons, skipped))
    chance = 20 / 49  # of the items that a user does not have
    kinds = [contender.kind for contender in peers.CONTENDERS if contender.library == peers.OURS]
    assert skipped == {}
    assert [figure.kind for figure in figures] == kinds
    assert [figure.kind for figure in figures if figure.recall < chance] == []


def test_a_model_that_fails_is_named_and_the_others_go_on(tmp_path):
    """The reason is the last line that the process wrote, and no figures are made up."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'OSError: no memory' >&2\nexit 3\n", encoding="utf-8")
    python.chmod(0o755)
    skipped = {}
    split = make_split(20, 60, seed=2)
    settings = peers.choose_settings(factors=8, neighbours=20)
    assert list(peers.run_all(split, settings, {"lenskit": python}, skipped)) == []
    assert set(skipped.values()) == {"ended with code 3: OSError: no memory"}
    assert sorted(skipped) == ["lenskit/als", "lenskit/item_item"]


def test_dense_models_of_peers_are_skipped_beyond_their_memory():
    """Gowalla's 40,981 items would take 19 GiB, Amazon-Beauty's 3,570 fit."""
    assert peers.ease_gib(40_981) > peers.EASE_GIB > peers.ease_gib(3570)


def test_small_without_environments_still_reports(tmp_path, monkeypatch, capsys):
    """A peer that cannot be installed is skipped with its reason, and the JSON line comes last."""
    monkeypatch.setattr(peers, "SMALL_SECONDS", 0.0)
    peers.main(["--small", "--users", "60", "--factors", "8", "--environments", str(tmp_path)])
    lines = capsys.readouterr().out.splitlines()
    result = json.loads(lines[-1])
    assert (result["benchmark"], result["data"], result["users"]) == ("peers", "made", 60)
    assert sorted(result["skipped"]) == sorted(peers.PEERS)
    assert [line.split(" skipped: ")[0] for line in lines[-3:-1]] == list(result["skipped"])
    assert {name.split("/")[0] for name in result["models"]} == {peers.OURS}


def test_a_folder_or_small_must_be_named(capsys):
    """Without either there is nothing to measure."""
    with pytest.raises(SystemExit):
        peers.main([])
    assert "name a folder with train.txt.gz and test.txt.gz" in capsys.readouterr().err


def test_a_folder_without_files_is_an_error_in_words(tmp_path, capsys):
    """No traceback: the message says what belongs into the folder."""
    with pytest.raises(SystemExit):
        peers.main([str(tmp_path)])
    assert "expected a folder with train.txt.gz and test.txt.gz" in capsys.readouterr().err


def test_every_benchmark_is_on_the_page():
    """The reference names each file and package that can be run."""
    folder = peers.ROOT / "benchmarks"
    packages = [path.parent.name for path in folder.glob("*/__main__.py")]
    names = sorted([*(path.stem for path in folder.glob("[!_]*.py")), *packages])
    page = (peers.ROOT / "docs" / "reference" / "benchmarks.md").read_text(encoding="utf-8")
    assert [name for name in names if f"`python -m benchmarks.{name}" not in page] == []
