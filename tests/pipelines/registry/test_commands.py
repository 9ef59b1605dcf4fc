"""`python -m pipelines models …`, as an operator types it."""

import re
import shutil

import pytest

from pipelines.__main__ import main
from pipelines.night import publish_run
from pipelines.registry.model import read_manifest
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
    assert (
        f"; its lists are still in the store: `python -m pipelines versions activate "
        f"{before.version} --reason …` shows and holds them all the same\n"
    ) in said
    code, said = command("verify")
    assert (code, said.splitlines()[:2]) == (
        1,
        [f"{before.model}  damaged", f"{champion.model}  sound"],
    )
    assert "evaluation.json is missing" in said.splitlines()[2]


def test_list_show_and_compare(command, pair, night):
    """What there is, where it comes from and which is better."""
    champion, before = pair
    metrics = read_manifest(night.settings, before)["metrics"]
    discover, home = (
        f"{metrics[surface]['models']['ranker_with_rules']['ndcg@20']:.4f}"
        for surface in ("discover", "home")
    )
    figures = f"{discover:16}  {home}"
    assert command("list") == (
        0,
        f"{'model':37}  state     as of                discover ndcg@20  home ndcg@20\n"
        f"{before.model}  archived  2024-05-06T00:00:00  {figures}\n"
        f"{champion.model}  champion  2024-05-06T00:00:00  {figures}\n"
        f"live: {champion.version}\n",
    )
    code, said = command("show", before.model)
    assert code == 0
    shown = said
    assert f"model    {before.model}, archived\nversion  {before.version}\n" in said
    assert f"sql      {night.manifest['inputs']['sql']}\n" in said
    assert re.search(r"home: the rules (cost|gain) 0\.\d{4}\n", said)
    assert re.search(r"home: ndcg@20 of \d+ users: ranker 0\.\d{4}, ranker_with_rules 0\.", said)
    assert f"promote {champion.model} instead of {before.model} by night: gate passed\n" in said
    assert command("show", before.version)[1] == command("show", before.run_id)[1] == shown
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


def test_refusals_and_dry_runs_are_told_of_once(command, night, client, capsys):
    """One refusal, a line a reason, exit code 3; the list marks it, and what nobody published."""
    publish_run(night)
    worse = other_night(night, "b", gain=-0.05)
    words = ["--settings", str(night.settings.path), "publish", "--run", worse.name]
    capsys.readouterr()
    code, said = main(words), capsys.readouterr().out
    lines = said.splitlines()
    assert (code, lines[0].partition(" (")[0]) == (
        3,
        f"version {worse.manifest['outputs']['version']}: not live, loaded, not activated: the "
        "gate refused it",
    )
    assert [line.split(":")[0] for line in lines[1:3]] == ["  discover NDCG@20", "  home NDCG@20"]
    assert len(lines) == 4
    register_run(other_night(night, "c"))
    ends = [line.rpartition("  ")[2] for line in command("list")[1].splitlines()[2:4]]
    assert ends == ["refused by the gate", "dry run"]
    history = command("show", worse.name)[1]
    assert re.search(
        r"refuse \S+ by command line.*: the gate refused it\n  discover NDCG@20: ", history
    )


def test_promoting_the_champion_changes_nothing(command, pair, night, client):
    """It says so, and neither history nor pointer moves."""
    champion, _ = pair
    before = read_registry(night.settings), read_active(client, NAMESPACE)
    assert command("promote", champion.model, "--reason", "sure") == (
        0,
        "nothing changed: it is champion already, and its lists are live\n"
        f"champion: {champion.model}\nlive: {champion.version}\n",
    )
    assert (read_registry(night.settings), read_active(client, NAMESPACE)) == before
    assert command("promote", champion.model, "--reason", "") == (
        1,
        "error: reason '': expected one to 200 printable characters that tell whoever looks "
        "later why this was done\n",
    )


def test_show_has_all_that_is_known_of_a_damaged_model(command, pair, night):
    """Figures and history come first; the damage and the way on come last, as an error."""
    _, before = pair
    whole = command("show", before.model)[1]
    folder = models_directory(night.settings) / before.model
    (folder / "evaluation.json").unlink()
    code, said = command("show", before.model)
    assert (code, said.startswith(f"{whole}error: damaged: ")) == (1, True)
    (folder / "manifest.json").unlink()
    code, said = command("show", before.model)
    assert code == 1
    assert said.startswith(f"model    {before.model}, archived\nversion  {before.version}\n")
    assert "register" in said
    assert "manifest.json is missing; `python -m pipelines publish --run" in said
    assert command("list")[1].splitlines()[1].endswith("  its manifest is damaged")


def test_roll_back_skips_what_is_damaged(command, pair, night, client):
    """The champion before that is sound serves; what was skipped is named with its own way on."""
    champion, before = pair
    publish_run(other_night(night, "c"))
    (models_directory(night.settings) / champion.model / "evaluation.json").unlink()
    code, said = command("roll-back", "--reason", "wrong prices")
    skipped, *rest = said.splitlines()
    assert (code, rest) == (
        0,
        [f"champion: {before.model}", f"live: {before.version}, held: wrong prices"],
    )
    assert skipped.startswith(f"skipped {champion.model}: ")
    assert f"`python -m pipelines versions activate {champion.version} --reason …`" in skipped


def test_roll_back_without_a_sound_model_names_every_way_on(command, pair, night, client):
    """Nothing moves, and each damaged model says how its lists are shown."""
    champion, before = pair
    (models_directory(night.settings) / before.model / "evaluation.json").unlink()
    code, said = command("roll-back", "--reason", "wrong prices")
    assert (code, read_active(client, NAMESPACE).version) == (1, champion.version)
    assert said.startswith(f"error: no champion before the present one can serve\n{before.model}: ")
    assert f"`python -m pipelines versions activate {before.version} --reason …`" in said


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
