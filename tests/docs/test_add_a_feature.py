"""The page on adding a feature, followed line by line on the lake of a made shop."""

import shlex
import shutil

import pytest

from pipelines.__main__ import main
from tests.docs.pages import ROOT, blocks, shell_lines
from tests.night_fixtures import copy_shop
from tests.pipelines.authoring.made_repository import commit_all

PAGE = "docs/cookbook/add-a-feature.md"
NAME = "user_weekend_share_90d"


@pytest.fixture
def shop(finished_night, tmp_path, monkeypatch):
    """A copy of the shop, with a folder of SQL of its own, which becomes a repository."""
    settings = copy_shop(finished_night.settings, tmp_path / "shop")
    shutil.copytree(ROOT / "feature_sql", tmp_path / "feature_sql")
    monkeypatch.setenv("NIGHTSHELF__FEATURES__DIRECTORY", str(tmp_path / "feature_sql"))
    monkeypatch.setenv("NIGHTSHELF__FEATURES__CASES", str(tmp_path / "cases"))
    return settings


def test_the_page_can_be_followed(shop, tmp_path, capsys):
    """Each `features` command ends well, and what is written is what the page shows."""
    lines = [line for page, line in shell_lines() if page == PAGE and " features " in line]
    assert [shlex.split(line)[4] for line in lines] == [
        "new",
        "check",
        "test",
        "preview",
        "lineage",
        "diff",
    ]
    commit_all(tmp_path / "feature_sql")
    for line in lines:
        arguments = shlex.split(line.replace("2017-12-04", "2024-04-29"))[3:]
        assert main(["--settings", str(shop.path), *arguments]) == 0, capsys.readouterr()
    (sql,) = [block.text for block in blocks("sql") if block.page == PAGE]
    (cases,) = [block.text for block in blocks("yaml") if block.page == PAGE]
    assert (tmp_path / "feature_sql" / "user" / f"{NAME}.sql").read_text(encoding="utf-8") == sql
    assert (tmp_path / "cases" / f"{NAME}.yaml").read_text(encoding="utf-8") == cases
    out = capsys.readouterr().out.splitlines()
    assert "leak test on the lake as of 2024-04-29 00:00: 1 table" in out
    assert "  used by       ranker: home" in out
