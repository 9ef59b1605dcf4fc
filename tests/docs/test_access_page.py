"""The recipe on asking for keys: its commands run, its settings ask, its request is answered."""

import re
import shlex

import pytest

from serving.__main__ import build_parser, main
from serving.access.keys import read_keys
from serving.app import create_app, open_shelf
from settings import load_settings
from tests.docs.pages import ROOT, blocks, shell_lines

PAGE = "docs/cookbook/switch-on-access.md"
COMMANDS = sorted({line for _, line in shell_lines() if "python -m serving" in line})


def test_the_recipe_works_line_by_line(tmp_path, capsys):
    """Keys are made, the line of settings asks for them, curl's request is answered with one."""
    file = tmp_path / "nightshelf.toml"
    file.write_text(next(b.text for b in blocks("toml") if b.page == PAGE), encoding="utf-8")
    keys = []
    for page, line in shell_lines():
        if page == PAGE and line.startswith("python -m serving"):
            assert main(["--settings", str(file), *shlex.split(line)[3:]]) == 0
            keys += re.findall(r"^ns_\S+", capsys.readouterr().out, re.MULTILINE)
    known = read_keys(tmp_path / "var" / "demo" / "keys.json")
    assert [record.name for record in known.values()] == ["ops", "shop-2"]
    (curl,) = [line for page, line in shell_lines() if page == PAGE and line.startswith("curl")]
    _, _, header, address = shlex.split(curl)
    settings = load_settings(file, {})
    http = create_app(settings, open_shelf(settings)).test_client()
    name, _, value = header.partition(": ")
    answers = [
        http.get(address, headers={name: value.replace("$KEY", key)}).status_code for key in keys
    ]
    assert answers == [401, 200, 200]  # shop's was revoked on the way


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_understood(command):
    """Each `python -m serving …` on a page is a command line that the parser takes."""
    words = shlex.split(command.partition("python -m serving")[2])
    assert build_parser().parse_args(words).command


def test_every_subcommand_and_class_is_in_the_reference():
    """What keys can do, and what routes can be."""
    page = (ROOT / "docs/reference/access.md").read_text(encoding="utf-8")
    assert [word for word in ("new", "list", "revoke") if f"serving keys {word}" not in page] == []
    classes = ("open", "read", "write-events", "admin")
    assert [name for name in classes if f"| {name} |" not in page] == []
