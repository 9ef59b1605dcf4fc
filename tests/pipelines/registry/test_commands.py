"""`python -m pipelines models …`, as an operator types it."""

import re
import shutil

import pytest

from pipelines.__main__ import main
from pipelines.night import publish_run
from pipelines.registry.register import register_run
from pipelines.registry.registry import models_directory, read_registry
from pipelines.version_tasks import promote, roll_back
from store.pointer import read_active
from tests.pipelines.registry.other_nights import other_night, states

NAMESPACE = "shop"


@pytest.fixture
def command(night, capsys):
    """Runs `models …`; exit code and all that was printed."""

    def run(*words):
        capsys.readouterr()
        code = main(["--settings", str(night.settings.path), "models", *words])
        return code, "".join(capsys.readouterr())

    return run


@pytest.fixture
def pair(night):
    """Two published nights: (the champion, the one before)."""
    publish_run(night)
    other = other_night(night, "b")
    publish_run(other)
    return register_run(other), register_run(night)


def test_promote_and_roll_back(command, pair, night, client):
    """Promoting an archived model makes its lists live; going back holds them there."""
    champion, before = pair
    assert command("promote", before.model, "--reason", "calmer lists") == (
        0,
        f"champion: {before.model}\nlive: {before.version}\n",
    )
    registry = read_registry(night.settings)
    assert states(registry) == {before.model: "champion", champion.model: "archived"}
    assert registry.history[-1].reason == "calmer lists"
    assert registry.history[-1].by.startswith("command line")

    assert command("promote", champion.model, "--reason", "again")[0] == 0
    code, said = command("roll-back", "--reason", "wrong prices")
    assert (code, said) == (
        0,
        f"champion: {before.model}\nlive: {before.version}, held: wrong prices\n",
    )
    assert read_active(client, NAMESPACE).hold == "wrong prices"
    last = read_registry(night.settings).history[-1]
    assert (last.action, last.model, last.replaced, last.reason) == (
        "roll back",
        before.model,
        champion.model,
        "wrong prices",
    )
    assert command("roll-back", "--reason", "further") == (
        1,
        "error: no model was champion before the present one; to any other go by its id: "
        "`python -m pipelines models list`, then `models promote MODEL --reason …`\n",
    )


def test_lists_that_left_the_store_come_back_with_their_model(command, pair, client):
    """Promoting loads them from the run; without the run it says what to do."""
    _, before = pair
    client.flushall()
    assert command("promote", before.model, "--reason", "restore")[0] == 0
    assert read_active(client, NAMESPACE).version == before.version


def test_a_model_without_lists_and_run_cannot_serve(command, pair, night, client):
    """Its files are still checked and compared, but there is nothing to show."""
    champion, before = pair
    client.flushall()
    shutil.rmtree(night.directory)
    code, said = command("promote", before.model, "--reason", "restore")
    assert code == 1
    assert f"the lists of {before.model} are no longer in the store, and its run" in said
    assert command("compare", champion.model, before.model)[0] == 0


def test_a_damaged_model_is_not_promoted(command, pair, night, client):
    """`verify` names it and every damaged file; readers keep what they had."""
    champion, before = pair
    assert command("verify") == (0, f"{before.model}  sound\n{champion.model}  sound\n")
    (models_directory(night.settings) / before.model / "evaluation.json").unlink()
    code, said = command("promote", before.model, "--reason", "oh")
    assert (code, read_active(client, NAMESPACE).version) == (1, champion.version)
    assert "evaluation.json is missing; `python -m pipelines publish --run" in said
    code, said = command("verify")
    assert (code, said.splitlines()[:2]) == (
        1,
        [f"{before.model}  damaged", f"{champion.model}  sound"],
    )
    assert "evaluation.json is missing" in said.splitlines()[2]


def test_list_show_and_compare(command, pair, night):
    """What there is, where it comes from and which is better."""
    champion, before = pair
    assert command("list") == (
        0,
        f"{before.model}  archived    as of 2024-05-06T00:00:00\n"
        f"{champion.model}  champion    as of 2024-05-06T00:00:00\n"
        f"live: {champion.version}\n",
    )
    code, said = command("show", before.model)
    assert code == 0
    assert f"model    {before.model}, archived\nversion  {before.version}\n" in said
    assert f"sql      {night.manifest['inputs']['sql']}\n" in said
    assert re.search(r"home: ndcg@20 of \d+ users: ranker 0\.\d{4}, ranker_with_rules 0\.", said)
    assert f"promote {champion.model} instead of {before.model} by night: the gate held: " in said
    code, said = command("compare", champion.model, before.model)
    lines = said.splitlines()
    assert (code, lines[0]) == (
        0,
        f"ndcg@20 of ranker_with_rules: {champion.model} against {before.model}",
    )
    assert [line.split()[:3] for line in lines[2:4]] == [
        ["discover", "not", "decided"],
        ["home", "not", "decided"],
    ]
    assert lines[5] == "home: both were evaluated on the same window"
    assert command("show", "x")[1].startswith("error: no model 'x'; there are: ")


def test_versions_activate_brings_the_champion_along(pair, night):
    """Whoever moves the version by hand moves the model, and the reason is kept."""
    champion, before = pair
    words = ["versions", "activate", before.version, "--reason", "wrong prices"]
    assert main(["--settings", str(night.settings.path), *words]) == 0
    registry = read_registry(night.settings)
    last = registry.history[-1]
    assert (registry.champion.model, last.action, last.replaced, last.reason) == (
        before.model,
        "roll back",
        champion.model,
        "wrong prices",
    )


def test_the_forms_do_the_same(pair, night, monkeypatch):
    """`roll_back` and `promote_model` of Airflow leave the registry as the command line does."""
    champion, before = pair
    monkeypatch.setenv("NIGHTSHELF_SETTINGS", str(night.settings.path))
    assert roll_back({"version": None, "reason": "wrong prices"}, {}) == before.version
    assert promote({"model": champion.model, "reason": "mended"}, {}) == champion.version
    registry = read_registry(night.settings)
    assert [(d.action, d.model, d.reason, d.by) for d in registry.history[-2:]] == [
        ("roll back", before.model, "wrong prices", "Airflow"),
        ("promote", champion.model, "mended", "Airflow"),
    ]
