"""The registry: states, decisions, what is kept, and many writers at once."""

import subprocess
import sys
from dataclasses import replace

import pytest

from pipelines.night import publish_run
from pipelines.registry.changes import change_registry
from pipelines.registry.model import find_damage
from pipelines.registry.register import register_run
from pipelines.registry.registry import (
    REGISTRY,
    ModelRecord,
    Registry,
    RegistryError,
    models_directory,
    read_registry,
)
from tests.night_fixtures import REPOSITORY
from tests.pipelines.registry.other_nights import decisions, other_night, states


def made(*models):
    """A registry of challengers."""
    registry = Registry()
    for name in models:
        record = ModelRecord(
            model=name,
            state="challenger",
            run_id=f"run-{name}",
            version=f"version-{name}",
            as_of="2024-05-06T00:00:00",
            registered_at="2024-05-06T01:00:00+00:00",
            manifest_sha256="0" * 64,
        )
        registry = registry.add(record, reason="finished", by="tests")
    return registry


def crown(registry, *models):
    """Each of *models* champion in turn."""
    for name in models:
        registry = registry.crown(name, reason="better", by="tests")
    return registry


def test_one_champion_replaces_the_other():
    """The old one is archived, and the decision says which model it was and why."""
    registry = crown(made("a", "b", "c"), "a", "b")
    assert states(registry) == {"a": "archived", "b": "champion", "c": "challenger"}
    last = registry.history[-1]
    assert (last.action, last.model, last.replaced, last.reason, last.by) == (
        "promote",
        "b",
        "a",
        "better",
        "tests",
    )


def test_the_predecessor_is_never_one_that_was_gone_back_from():
    """Going back twice goes back twice, as with the versions of the store."""
    registry = crown(made("a", "b", "c"), "a", "b", "c")
    assert registry.predecessor.model == "b"
    registry = crown(registry, "b")
    assert (registry.history[-1].action, registry.predecessor.model) == ("roll back", "a")
    registry = crown(registry, "a")
    assert (registry.history[-1].action, registry.predecessor) == ("roll back", None)


def test_without_a_champion_the_last_one_is_the_predecessor():
    """Lists of no known model are live: what one can go back to is the last champion."""
    registry = crown(made("a", "b"), "a", "b").archive_champion(reason="unknown", by="tests")
    assert (registry.champion, registry.predecessor.model) == (None, "b")
    assert registry.archive_champion(reason="again", by="tests") == registry


def test_the_newest_stay_and_so_do_champion_and_predecessor():
    """Of nine models with two old ones in use, seven are left; the others' removal is noted."""
    registry = crown(made(*"abcdefghi"), "a", "b").without_old(5)
    assert list(states(registry)) == ["a", "b", "e", "f", "g", "h", "i"]
    assert decisions(registry)[-2:] == [("remove", "c", None), ("remove", "d", None)]


def test_the_live_model_is_found_by_its_version():
    """Two models may have made one version: the champion is meant, else the newest."""
    registry = made("a", "b")
    same = [replace(record, version="v") for record in registry.models]
    registry = replace(registry, models=tuple(same))
    assert registry.of_version("v").model == "b"
    assert crown(registry, "a").of_version("v").model == "a"
    assert registry.of_version("w") is None


def test_dry_runs_push_out_nothing_that_was_published():
    """Of eight dry runs five are left; what was meant for readers stays, refused or not."""
    registry = made("real").publish("real").refuse("real", reason="worse", by="tests")
    for name in "abcdefgh":
        (record,) = made(name).models
        registry = registry.add(record, reason="finished", by="tests").without_old(5)
    assert list(states(registry)) == ["real", *"defgh"]
    assert registry.history[-1].reason == (
        "older than the newest 5 of dry runs, which [registry] keep_models keeps"
    )


@pytest.mark.parametrize(
    ("name", "found"),
    [("run-ab", "ab"), ("version-ab", "ab"), ("version-b", "b"), ("a", "a"), ("ac", "acd")],
)
def test_a_model_is_found_by_what_names_it_alone(name, found):
    """Its id, its run, its version, or a beginning that no other one has; an exact id wins."""
    assert made("a", "ab", "acd", "b").find(name).model == found


@pytest.mark.parametrize("name", ["version-a", "run-x"])
def test_a_beginning_that_several_have_names_them(name):
    """An error with the ids to choose from."""
    registry = made("ax", "ay", "b")
    records = [replace(r, run_id="run-x") if r.model != "b" else r for r in registry.models]
    with pytest.raises(RegistryError, match=f"^'{name}' may be ax, ay; say more of the id$"):
        replace(registry, models=tuple(records)).find(name)


def test_a_refusal_counts_until_somebody_promotes():
    """What was decided last about a model decides."""
    registry = made("a", "b").refuse("a", reason="worse", by="tests")
    assert (registry.is_refused("a"), registry.is_refused("b")) == (True, False)
    assert not crown(registry, "a").is_refused("a")


def test_an_unknown_model_is_refused():
    """The error names the models there are."""
    with pytest.raises(RegistryError, match=r"no model 'x'; there are: a, b"):
        made("a", "b").find("x")


def test_five_models_stay_on_disk(night):
    """Six further nights: the oldest folders go, files and registry agree."""
    first = register_run(night)
    change_registry(night.settings, lambda r: r.crown(first.model, reason="first", by="tests"))
    for digit in "123456":
        register_run(other_night(night, digit))
    registry = read_registry(night.settings)
    kept = [record.model for record in registry.models]
    assert [name[-21:-9] for name in kept] == [
        first.run_id[-12:],
        *(digit * 12 for digit in "23456"),
    ]
    folders = {path.name for path in models_directory(night.settings).iterdir()}
    assert folders == {*kept, REGISTRY}
    assert [find_damage(night.settings, record) for record in registry.models] == [""] * 6


def test_two_processes_register_at_once(night):
    """Each of four nights is registered once, whoever comes first, and no decision is lost."""
    names = [other_night(night, digit).name for digit in "1234"]
    code = (
        "import sys; from pathlib import Path; from pipelines.registry.register import "
        "register_run; from pipelines.runs import open_run; from settings import load_settings\n"
        "settings = load_settings(Path(sys.argv[1]), {})\n"
        "for name in sys.argv[2:]: register_run(open_run(settings, name))"
    )
    command = [sys.executable, "-c", code, str(night.settings.path)]
    processes = [
        subprocess.Popen([*command, *order], cwd=REPOSITORY) for order in (names, names[::-1])
    ]
    assert [process.wait() for process in processes] == [0, 0]
    registry = read_registry(night.settings)
    assert sorted(record.run_id for record in registry.models) == sorted([night.id, *names])
    assert [action for action, _, _ in decisions(registry)] == ["register"] * 5
    assert [find_damage(night.settings, record) for record in registry.models] == [""] * 5


@pytest.mark.parametrize("text", ["{", "[]", '{"models": [{}], "history": []}'])
def test_a_damaged_registry_is_refused(night, text):
    """The error names the file and what becomes of it."""
    path = models_directory(night.settings) / REGISTRY
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RegistryError, match=r"registry\.json is damaged .* put back a copy, or"):
        read_registry(night.settings)


def test_a_registry_that_was_moved_away_is_made_anew(night, client):
    """As its error says: publishing the run of the live version makes its model champion again."""
    publish_run(night)
    (models_directory(night.settings) / REGISTRY).rename(night.settings.path.with_name("damaged"))
    publish_run(night, activate=False)
    (record,) = read_registry(night.settings).models
    assert (record.state, record.run_id) == ("champion", night.id)


def test_two_champions_are_refused(night):
    """A registry that was edited by hand into a contradiction is not believed."""
    path = models_directory(night.settings) / REGISTRY
    path.write_text(path.read_text().replace("challenger", "champion"), encoding="utf-8")
    registry = read_registry(night.settings)
    twice = replace(registry, models=(*registry.models, replace(registry.models[0], model="x")))
    change_registry(night.settings, lambda _: twice)
    with pytest.raises(
        RegistryError, match=r"has the champions .*; expected one: put back a copy, or m"
    ):
        read_registry(night.settings)
