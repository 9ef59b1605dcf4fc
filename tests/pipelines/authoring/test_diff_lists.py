"""`features diff --lists`: what an edit would do to rankers and readers, before any night."""

import html
import json
import shutil

import pytest

from pipelines.__main__ import main
from pipelines.authoring.diff_base import DiffError, open_base
from pipelines.authoring.lists_side import open_side
from pipelines.files import hash_file
from pipelines.runs import open_run
from settings.project import var_directory
from tests.night_fixtures import REPOSITORY, copy_shop, open_shop
from tests.pipelines.authoring.made_repository import commit_all

EDITED = "user_item/user_item_history.sql"
NOISE = """/*---
description: The same number for everybody.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns: {user_id: User., n_same: Always one.}
checks: []
---*/
select user_id, 1 as n_same from users
"""


@pytest.fixture(scope="module")
def shop(finished_night, tmp_path_factory):
    """A copy of the finished night whose feature SQL is a repository of its own."""
    folder = tmp_path_factory.mktemp("diff") / "shop"
    settings = copy_shop(finished_night.settings, folder)
    shutil.copytree(REPOSITORY / "feature_sql", folder / "sql")
    file = folder / "nightshelf.toml"
    text = file.read_text(encoding="utf-8")
    text = text.replace(f'directory = "{REPOSITORY / "feature_sql"}"', 'directory = "sql"')
    file.write_text(text, encoding="utf-8")
    commit_all(folder / "sql")
    return open_shop(settings.path.parent)


@pytest.fixture
def settings(shop):
    """The shop with its files as they were committed."""
    yield shop
    shutil.rmtree(shop.path.parent / "sql" / "user")
    for folder in (REPOSITORY / "feature_sql").iterdir():
        shutil.copytree(folder, shop.path.parent / "sql" / folder.name, dirs_exist_ok=True)


def run_diff(settings, *words):
    return main(["--settings", str(settings.path), "features", "diff", "--lists", *words])


def surfaces_of(settings, capsys, *words):
    """By surface what `--json` says."""
    assert run_diff(settings, "--json", *words) == 0
    found = json.loads(capsys.readouterr().out)["surfaces"]
    return {surface["surface"]: surface for surface in found}


def add(settings, name, text):
    (settings.path.parent / "sql" / f"{name}.sql").write_text(text, encoding="utf-8")


def test_a_column_that_says_nothing_changes_nobody(settings, capsys, monkeypatch):
    """Where every tree may use every column, one that never varies leaves all as it is.

    Sample, training and draws are the same on both sides.
    """
    monkeypatch.setenv("NIGHTSHELF__RANKING__FEATURE_SHARE", "1.0")
    add(settings, "user/user_same", NOISE)
    found = surfaces_of(settings, capsys)
    assert list(found) == ["home", "discover"]
    for surface in found.values():
        assert surface["lists"]["same"] == surface["lists"]["overlap_10"] == 1.0
        assert surface["lists_floor"] == surface["lists"]  # another seed has nothing to draw
        assert surface["importance"] == {"user_same.n_same": [None, 0.0]}
        assert (surface["gained"], surface["lost"]) == ([], [])
        for figure in surface["figures"].values():
            assert (figure["live"], figure["interval"]) == (figure["tonight"], [0.0, 0.0])


def test_an_edit_that_matters_shows_in_lists_and_importance(settings, capsys):
    """What the ranker leans on is taken from it: lists move, and the page says the same."""
    path = settings.path.parent / "sql" / EDITED
    run = var_directory(settings)
    before = {p: hash_file(p) for p in run.rglob("*") if p.is_file()}
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("event_at < $as_of", "event_at < $as_of - interval 28 day"), encoding="utf-8"
    )
    assert run_diff(settings, "--users", "40") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("against commit ")
    assert "user_item/user_item_history: edited" in lines
    assert sum(line.endswith("which stays as it is") for line in lines) == 1
    assert sum(line.startswith("figures: labels of 2024-") for line in lines) == 1
    assert [line for line in lines if line.startswith("surface ")] == [
        "surface home",
        "surface discover",
    ]
    assert sum(line.startswith("  user u") for line in lines) == 6
    assert any(line.split()[:1] == ["40"] and "all" in line for line in lines)
    page = var_directory(settings) / "diff.html"
    assert lines[-1] == f"page {page}"
    assert [line.partition(":")[0] for line in lines[-4:-1]] == ["home", "discover", "next"]
    text = page.read_text(encoding="utf-8")
    assert "user_item/user_item_history</code>: edited" in text
    told = [line for line in lines if line.startswith(("figures: ", "home: ", "next: "))]
    assert [line for line in told if html.escape(line, quote=False) not in text] == []
    rows = next(line for line in lines if line.startswith("  rows")).split(maxsplit=1)[1]
    assert f"rows {rows}" in text
    after = {p: hash_file(p) for p in run.rglob("*") if p.is_file() and p != page}
    assert after == before


def test_a_training_that_changes_nothing_is_the_floor(settings, capsys):
    """Another seed draws other columns for each tree: lists move, and by as much each time."""
    add(settings, "user/user_same", NOISE)
    found = surfaces_of(settings, capsys)
    for surface in found.values():
        assert surface["overlap"]["live"] == pytest.approx(
            surface["lists_floor"]["overlap_10"], abs=1e-4
        )
    floors = {name: surface["lists_floor"] for name, surface in found.items()}
    assert all(0.3 < floor["overlap_10"] < 1 for floor in floors.values())
    for surface in found.values():
        assert surface["figures_floor"]["ndcg@20"]["live"] == surface["figures"]["ndcg@20"]["live"]
    again = {
        name: surface["lists_floor"] for name, surface in surfaces_of(settings, capsys).items()
    }
    assert again == floors


def test_words_alone_train_nothing(settings, capsys):
    """An edit of a header is told as one; no ranker is trained for it."""
    path = settings.path.parent / "sql" / EDITED
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("description: ", "description: Now: ".rstrip() + " ", 1).replace(
            "Now: ", "Now, "
        ),
        encoding="utf-8",
    )
    assert run_diff(settings) == 0
    assert "only words of the header changed" in capsys.readouterr().out


def test_names_and_lists_do_not_go_together(settings, capsys):
    """Lists come of the whole folder; the message says what to leave out."""
    assert run_diff(settings, "user_segment") == 1
    assert "leave out the names" in capsys.readouterr().err


def test_a_generator_that_the_run_lacks_is_named(settings, tmp_path):
    """Candidates are the run's: settings that ask for others need a night first."""
    run = open_run(settings, next((var_directory(settings) / "runs").iterdir()).name)
    surfaces = {"home": {"generators": {"bpr": 10}}}
    other = open_shop(settings.path.parent)
    object.__setattr__(other, "tables", {**other.tables, "surfaces": surfaces})
    with pytest.raises(DiffError, match="has not fitted bpr; make a night with it first"):
        open_side(type(run)(run.id, run.directory, run.as_of, other), tmp_path, tmp_path)


def test_the_base_may_be_the_run_itself(settings, capsys, tmp_path):
    """Against what the run kept of its SQL nothing has changed."""
    (run,) = (path.name for path in (var_directory(settings) / "runs").iterdir())
    assert open_base(settings, run, tmp_path).name == f"run {run}"
    assert run_diff(settings, "--against", run) == 0
    assert capsys.readouterr().out == f"against run {run}: no tables changed\n"
