"""What stands in fenced blocks is read by what reads such text in earnest."""

import json
import re
import shlex

import pytest
import sqlglot

from pipelines.__main__ import build_parser
from pipelines.authoring.case_file import read_cases
from pipelines.authoring.cases import are_same_rows, expected_rows, run_case
from pipelines.features.settings import FeatureSettings
from pipelines.features.sql_file import load_sql_file
from settings import load_settings
from tests.docs.pages import blocks, shell_lines
from tests.docs.settings_page import find_sections

COMMANDS = sorted({line for _, line in shell_lines() if "python -m pipelines" in line})
PAGES_WITH_CASES = sorted({block.page for block in blocks("yaml") if block.text.startswith("case")})


def name_block(block):
    return f"{block.page}:{block.text.splitlines()[0]}"


@pytest.mark.parametrize("block", blocks("toml"), ids=name_block)
def test_toml_is_settings(block, tmp_path):
    """The loader takes the block as a settings file, and each section of it is possible."""
    file = tmp_path / "nightshelf.toml"
    file.write_text(block.text, encoding="utf-8")
    # A table of files belongs to the section that stands a block above it.
    kind = {"NIGHTSHELF__SOURCE__KIND": "files"} if "[source.tables." in block.text else {}
    settings = load_settings(file, kind)
    read = [settings.read(section) for section in find_sections()]
    assert len(read) == len(find_sections())


@pytest.mark.parametrize("block", blocks("sql"), ids=name_block)
def test_sql_is_sql(block, tmp_path):
    """A block with a header is a feature file by all rules; another one is DuckDB's SQL."""
    if block.text.startswith("/*---"):
        path = tmp_path / "user" / "example.sql"
        path.parent.mkdir()
        path.write_text(block.text, encoding="utf-8")
        assert load_sql_file(path).parameters == {"as_of"}
    else:
        assert sqlglot.parse_one(block.text, dialect="duckdb").key == "select"


@pytest.mark.parametrize("block", blocks("json"), ids=name_block)
def test_json_is_json(block):
    """The block is one value."""
    assert json.loads(block.text)


@pytest.mark.parametrize("page", PAGES_WITH_CASES)
def test_cases_on_a_page_hold(page, tmp_path):
    """A page's feature file gives what the page's cases expect."""
    (sql,) = [b.text for b in blocks("sql") if b.page == page and b.text.startswith("/*---")]
    (cases,) = [b.text for b in blocks("yaml") if b.page == page]
    path = tmp_path / "user" / "example.sql"
    path.parent.mkdir()
    path.write_text(sql, encoding="utf-8")
    (tmp_path / "example.yaml").write_text(cases, encoding="utf-8")
    for case in read_cases(tmp_path / "example.yaml", load_sql_file(path)):
        assert are_same_rows(run_case(case, {}, FeatureSettings()), expected_rows(case))


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_understood(command):
    """Each `python -m pipelines …` on a page is a command line that the parser takes."""
    words = shlex.split(re.sub(r"^([A-Z_]+=\S+ )*python -m pipelines", "", command))
    assert build_parser().parse_args(words).command
