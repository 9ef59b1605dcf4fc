"""What the code offers is on a page, and what the pages name is in the code."""

import argparse
import re

import pytest

from pipelines.__main__ import build_parser
from pipelines.features.header import Check, Header
from pipelines.files import read_json
from pipelines.orders import NightOrder
from serving.app import create_app, open_shelf
from settings import load_settings
from tests.docs.pages import ROOT, everything, read, shell_lines
from tests.docs.settings_page import find_sections

TARGETS = sorted(re.findall(r"^([a-z][a-z-]*):.*## ", read("Makefile"), re.MULTILINE))
DAGS = sorted(path.stem for path in (ROOT / "dags").glob("*.py") if "@dag(" in path.read_text())


def subcommands(parser):
    """(words, parser) of every subcommand, also of `versions`."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                yield (name,), child
                yield from (((name, *words), deeper) for words, deeper in subcommands(child))


COMMANDS = dict(subcommands(build_parser()))


@pytest.mark.parametrize("target", TARGETS)
def test_every_make_target_is_on_a_page(target):
    """`make <target>` is written somewhere."""
    assert re.search(rf"\bmake {target}\b", everything())


def test_no_page_names_another_make_target():
    """Each `make …` in code on a page is a target."""
    code = re.findall(r"`([^`\n]+)`", everything()) + [line for _, line in shell_lines()]
    named = [word for text in code for word in _made(text)]
    assert sorted(set(named) - set(TARGETS)) == []


def _made(command):
    words = command.partition("make ")[2].split() if re.search(r"(^| )make ", command) else []
    return [word for word in words if re.fullmatch("[a-z][a-z-]*", word)]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_subcommand_is_on_a_page(words):
    """Subcommands of `python -m pipelines` and all their options are written somewhere."""
    text = everything()
    options = [
        option
        for action in COMMANDS[words]._actions
        for option in action.option_strings
        if option.startswith("--") and option != "--help"
    ]
    assert re.search(rf"(python -m pipelines |`){re.escape(' '.join(words))}\b", text)
    assert [option for option in options if option not in text] == []


@pytest.mark.parametrize("dag", DAGS)
def test_every_dag_is_on_a_page(dag):
    """An operator finds the DAG by its id."""
    assert f"`{dag}`" in everything()


def test_every_field_of_the_form_is_explained():
    """The page on triggering has each field under its name over REST."""
    page = read("docs/cookbook/trigger-a-night.md")
    assert [field for field in NightOrder.model_fields if f"`{field}` |" not in page] == []


def test_every_header_key_and_check_is_explained():
    """The reference of feature SQL has a row for each."""
    page = read("docs/reference/feature-sql.md")
    assert [key for key in Header.model_fields if f"| `{key}` |" not in page] == []
    assert [check for check in Check.model_fields if f"| `{check}: " not in page] == []


def test_every_route_is_explained(tmp_path):
    """The reference of HTTP has a heading for each route of the app, and no other."""
    file = tmp_path / "nightshelf.toml"
    file.write_text("", encoding="utf-8")
    settings = load_settings(file, {})
    app = create_app(settings, open_shelf(settings))
    documented = re.findall(r"^## `(\S+ \S+)`$", read("docs/reference/http.md"), re.MULTILINE)
    assert set(documented) == {
        f"{method} {re.sub(r'<(?:anything|person):(user|item|entity)_id>', _called, rule.rule)}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.rule.startswith("/v1/")  # the same once more
    }


def _called(match):
    return {"user": "<user>", "item": "<item>", "entity": "<id>"}[match[1]]


def test_no_page_names_a_setting_that_does_not_exist():
    """`[section] key` in code is a key of that section, on every page."""
    text = read("docs/reference/settings.md")
    sections = {section.section_name for section in find_sections()}
    keys = {}
    for heading, body in re.findall(r"^#+ `\[(\S+)\]`\n(.*?)(?=^#|\Z)", text, re.DOTALL | re.M):
        keys[heading] = set(re.findall(r"^\| `(\w+)` \|", body, re.MULTILINE))
    named = re.findall(r"`\[([a-z_.<>]+)\] ([a-z_]+)`", everything())
    assert sections <= set(keys)
    assert [pair for pair in named if pair[1] not in keys.get(pair[0], ())] == []


def test_every_expectation_is_explained():
    """The reference of quality has each expectation under its name."""
    sources = sorted((ROOT / "pipelines" / "quality").glob("*.py"))
    names = {name for path in sources for name in _expectation_names(path.read_text())}
    page = read("docs/reference/quality.md")
    assert {"known_type", "fill_rate", "row_count_change"} <= names
    assert sorted(name for name in names if f"`{name}`" not in page) == []


def _expectation_names(source):
    return re.findall(r'(?:Expectation|_share)\(\s*(?:name=)?"(\w+)"', source)


def test_every_variable_is_explained():
    """Environment variables of our own, overrides of settings apart, are on a page."""
    packages = ("dags", "demo", "pipelines", "serving", "settings", "store")
    sources = [path for package in packages for path in (ROOT / package).rglob("*.py")]
    names = {n for path in sources for n in re.findall(r"\bNIGHTSHELF_[A-Z]+\b", path.read_text())}
    assert sorted(name for name in names if name not in everything()) == []


def test_every_key_of_a_run_is_explained(finished_night):
    """Manifest, timings and directories of a real run are in the reference of the directory."""
    page = read("docs/reference/run-directory.md")
    manifest = finished_night.manifest
    timings = read_json(finished_night.path("timings.json"))
    names = [*manifest, *manifest["inputs"], *manifest["cutoffs"], *manifest["outputs"], *timings]
    assert [name for name in names if f"`{name}`" not in page] == []
    entries = {path.name for path in finished_night.directory.iterdir()} - {"scratch"}
    assert [name for name in sorted(entries) if f"`{name}" not in page] == []


def test_every_key_of_the_evaluation_is_explained(finished_night):
    """Figures, models and metrics of a real `evaluation.json` are in the reference."""
    page = read("docs/reference/evaluation.md")
    evaluation = read_json(finished_night.path("evaluation.json"))
    home = evaluation["surfaces"]["home"]
    assert [key for key in evaluation if f'"{key}"' not in page] == []
    assert [key for key in home if f"`{key}`" not in page] == []
    metrics = {re.sub(r"@(5|10)\b", "@20", key) for key in home["models"]["ranker"]}
    known = {key for key in metrics if f"`{key}`" in page or f"`{key[:-2]}k`" in page}
    assert sorted(key for key in metrics - known if not key.endswith("_interval")) == []
