"""Commands of the cookbook, run line by line on a small night and a real store."""

import re
import shlex

import pytest

from pipelines.__main__ import main
from pipelines.registry.registry import read_registry
from tests.docs.pages import shell_lines

PUBLISHING = "docs/cookbook/publish-from-a-run.md"
ROLLING_BACK = "docs/cookbook/roll-back.md"
PROMOTING = "docs/cookbook/compare-and-promote.md"
RUN = re.compile(r"\b\d{8}T\d{6}-[0-9a-f]{12}(-[0-9a-f]{8})?\b")


@pytest.fixture
def run_page(finished_night, client, capsys):
    """Runs the `python -m pipelines` lines of a page; (arguments, exit code, output) of each."""
    client.ping()  # the store is up, and empty
    settings = str(finished_night.settings.path)
    version = finished_night.manifest["outputs"]["version"]

    def run(page, named=version):
        for found_on, line in shell_lines():
            if found_on == page and line.startswith("python -m pipelines"):
                ours = RUN.sub(lambda match: named if match[1] else finished_night.id, line)
                arguments = shlex.split(ours)[3:]
                code = main(["--settings", settings, *arguments])
                text = "".join(capsys.readouterr()).replace(version, "VERSION")
                yield arguments[:2], code, text.strip().splitlines()[-1]

    return run


def test_the_page_on_publishing_restores_the_store(run_page, finished_night):
    """Each command does what the page says, from an empty store on."""
    assert [(code, re.sub(r" \(.*", "", text)) for _, code, text in run_page(PUBLISHING)] == [
        (0, f"{finished_night.id}  finished"),
        (0, "version VERSION: live, activated"),
        (0, "version VERSION: live, already live"),
        (0, "version VERSION: live, already live"),
    ]


def test_the_page_on_rolling_back_moves_and_holds(run_page):
    """With one version kept: it is activated and held, released, held, and cannot be retired."""
    list(run_page(PUBLISHING))
    assert [(*arguments, code, text) for arguments, code, text in run_page(ROLLING_BACK)] == [
        ("versions", "list", 0, "VERSION  live      as of 2024-05-06T00:00:00  discover, home"),
        ("versions", "activate", 0, "live: VERSION (generation 2), held: prices were wrong"),
        ("versions", "release", 0, "live: VERSION (generation 3)"),
        ("versions", "hold", 0, "live: VERSION (generation 4), held: campaign until Monday"),
        ("versions", "retire", 1, "error: version VERSION is live; activate another one first"),
    ]


def test_the_page_on_models_compares_and_promotes(run_page, finished_night):
    """With one model: it is live, equal to itself, promoted, alone, and sound."""
    list(run_page(PUBLISHING))
    model = read_registry(finished_night.settings).champion.model
    assert [(*arguments, code, text) for arguments, code, text in run_page(PROMOTING, model)] == [
        ("models", "list", 0, "live: VERSION"),
        ("models", "show", 0, "live: VERSION"),
        ("models", "compare", 0, "home: both were evaluated on the same window"),
        ("models", "promote", 0, "live: VERSION"),
        (
            "models",
            "roll-back",
            1,
            "error: no model was champion before the present one; to any other go by its id: "
            "`python -m pipelines models list`, then `models promote MODEL --reason …`",
        ),
        ("models", "verify", 0, f"{model}  sound"),
    ]
