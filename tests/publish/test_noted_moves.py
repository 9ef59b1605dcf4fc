"""Who moved the pointer from the command line is kept beside what administrators do over HTTP."""

import json

from pipelines.__main__ import main
from pipelines.publish import PublishSettings, publish_lists
from tests.shelf_fixtures import make_lists, version_id


def test_moves_from_the_command_line_are_noted(client, store_settings, tmp_path):
    """Activate, hold and release: who, and the pointer before and after; looking is not noted."""
    file = tmp_path / "nightshelf.toml"
    file.write_text(f'[store]\nurl = "{store_settings.url}"\n')
    publish_lists(make_lists(tmp_path / "lists"), client, "demo", PublishSettings())
    version = version_id(1)
    for words in (["activate", version, "--reason", "why"], ["release"], ["list"]):
        assert main(["--settings", str(file), "versions", *words]) == 0
    assert main(["--settings", str(file), "versions", "hold", "--reason", "campaign"]) == 0
    lines = (tmp_path / "var" / "demo" / "audit.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert {row["actor"]["subject"].partition(" (")[0] for row in rows} == {"command line"}
    assert [(row["action"], row["details"]["before"], row["details"]["after"]) for row in rows] == [
        ("activate", pointer(1), pointer(2, "why")),
        ("release", pointer(2, "why"), pointer(3)),
        ("hold", pointer(3), pointer(4, "campaign")),
    ]


def pointer(generation, hold=None):
    """The pointer at the one version."""
    return {"generation": generation, "version": version_id(1), "hold": hold}
