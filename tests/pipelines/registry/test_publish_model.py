"""Champion and live lists are one: whatever is published, refused, held, or moved by hand."""

import logging

import pytest

from pipelines.night import publish_run
from pipelines.publish import PublishError
from pipelines.registry.follow import follow_live, lost_champion
from pipelines.registry.register import register_run
from pipelines.registry.registry import models_directory, read_registry
from store.pointer import read_active, release_hold, set_hold
from store.versions import activate, read_version
from tests.night_fixtures import open_shop
from tests.pipelines.registry.other_nights import decisions, other_night, states

NAMESPACE = "shop"


@pytest.fixture
def worse(night):
    """A later night whose lists are worse for everybody."""
    return other_night(night, "b", gain=-0.05)


@pytest.fixture
def alike(night):
    """A later night that is neither better nor worse."""
    return other_night(night, "c")


def model_of(run):
    return register_run(run).model


def version_of(run):
    return run.manifest["outputs"]["version"]


def test_the_first_model_ever_becomes_champion(night, client):
    """Nothing was live: its lists are, and the reason is kept."""
    assert publish_run(night).activated
    registry = follow_live(night.settings, client).registry
    assert registry.champion.model == model_of(night)
    last = registry.history[-1]
    assert (last.action, last.replaced, last.by) == ("promote", None, "night")
    assert last.reason.startswith("gate passed\ndiscover evaluated users ")


def test_a_lost_store_gets_the_lists_that_were_live(night, worse, client):
    """Not those of the newest run, which may have been gone back from."""
    assert lost_champion(night.settings) is None  # nothing was ever live
    publish_run(night)
    publish_run(worse)
    assert lost_champion(night.settings) is None  # something is
    client.flushall()
    assert lost_champion(night.settings) == night.id


def test_a_refused_challenger_changes_nothing_that_readers_see(night, worse, client, caplog):
    """Its lists are loaded; pointer and champion stay, and the reasons are told once and kept."""
    publish_run(night)
    before = read_active(client, NAMESPACE)
    with caplog.at_level(logging.INFO, "nightshelf"):
        publication = publish_run(worse, by="somebody")
    assert (publication.activated, read_active(client, NAMESPACE)) == (False, before)
    assert publication.reason == "loaded, not activated: the gate refused it"
    assert [line.partition(":")[0] for line in publication.details[:2]] == [
        "discover NDCG@20",
        "home NDCG@20",
    ]
    assert read_version(client, NAMESPACE, version_of(worse)).state == "ready"
    registry = read_registry(night.settings)
    assert states(registry) == {model_of(night): "champion", model_of(worse): "challenger"}
    last = registry.history[-1]
    assert (last.action, last.model, last.by) == ("refuse", model_of(worse), "somebody")
    assert last.reason.splitlines() == ["the gate refused it", *publication.details]
    assert f"{model_of(worse)} stays a challenger\n" in caplog.text
    assert "find out what changed" not in caplog.text


def test_a_challenger_that_is_not_worse_takes_over(night, alike, client):
    """The gate holds: its lists are live, and the champion until then is archived."""
    publish_run(night)
    assert publish_run(alike).activated
    registry = read_registry(night.settings)
    assert states(registry) == {model_of(night): "archived", model_of(alike): "champion"}
    assert decisions(registry)[-1] == ("promote", model_of(alike), model_of(night))


def test_publishing_the_champion_again_asks_no_gate(night, client):
    """Its lists are live already: no decision is added."""
    publish_run(night)
    history = read_registry(night.settings).history
    assert publish_run(night).reason == "already live"
    assert read_registry(night.settings).history == history


@pytest.mark.parametrize("run_name", ["worse", "alike"])
def test_a_hold_comes_before_the_gate(night, client, request, run_name):
    """Better or worse, the model stays a challenger, and it is the hold that is told of."""
    run = request.getfixturevalue(run_name)
    publish_run(night)
    assert set_hold(client, NAMESPACE, "campaign").done
    assert publish_run(run).reason == "loaded, not activated: a hold is set: campaign"
    registry = read_registry(night.settings)
    assert states(registry)[model_of(run)] == "challenger"
    assert registry.history[-1].action == "register"
    assert release_hold(client, NAMESPACE).done
    assert publish_run(run).activated is (run_name == "alike")


def test_lists_that_are_not_wanted_live_are_not_judged(night, worse, client):
    """`--no-activate` loads; nobody has decided anything about the model."""
    publish_run(night)
    assert publish_run(worse, activate=False).reason == "loaded, not activated, as asked"
    assert read_registry(night.settings).history[-1].action == "register"


def test_a_store_that_was_emptied_names_the_way_back(night, client):
    """Nothing is live: the champion stays, and the summary has the command for its lists."""
    publish_run(night)
    client.flushall()
    followed = follow_live(night.settings, client)
    assert followed.registry.champion.model == model_of(night)
    assert followed.summary == (
        f"nothing is live; `python -m pipelines models promote {model_of(night)} --reason …` "
        "brings the champion's lists back"
    )
    assert publish_run(night).activated


def test_a_refusal_by_an_emptied_store_brings_the_champion_back(night, worse, client):
    """Readers do not stay without lists: those of the champion are loaded and live again."""
    publish_run(night)
    client.flushall()
    publication = publish_run(worse)
    assert not publication.activated
    assert publication.details[-1] == (
        f"nothing was live: the lists of {model_of(night)} are shown again"
    )
    assert read_active(client, NAMESPACE).version == version_of(night)
    registry = read_registry(night.settings)
    assert states(registry) == {model_of(night): "champion", model_of(worse): "challenger"}
    assert (registry.history[-1].action, registry.is_refused(model_of(worse))) == ("refuse", True)


def test_a_damaged_champion_gives_way_to_the_one_before(night, alike, worse, client):
    """In an emptied store the last champion that is sound comes back."""
    publish_run(night)
    publish_run(alike)
    (models_directory(night.settings) / model_of(alike) / "evaluation.json").unlink()
    client.flushall()
    assert not publish_run(worse).activated
    registry = follow_live(night.settings, client).registry
    assert registry.champion.model == model_of(night)
    assert read_active(client, NAMESPACE).version == version_of(night)
    assert [(d.action, d.reason) for d in registry.history if d.model == model_of(night)][-1] == (
        "roll back",
        f"nothing was live, and the gate refused {model_of(worse)}",
    )


def test_refused_lists_are_better_than_none(night, worse, client):
    """No champion can serve: the new lists are shown, and the reason is written down."""
    publish_run(night)
    (models_directory(night.settings) / model_of(night) / "evaluation.json").unlink()
    client.flushall()
    publication = publish_run(worse)
    assert (publication.activated, publication.reason) == (
        True,
        "nothing was live, and no champion before can serve: shown although refused",
    )
    registry = read_registry(night.settings)
    assert states(registry)[model_of(worse)] == "champion"
    last = registry.history[-1]
    assert (last.action, last.model) == ("promote", model_of(worse))
    assert last.reason.splitlines() == [publication.reason, *publication.details]


def test_an_archived_model_that_is_refused_is_not_called_a_challenger(night, worse, client, caplog):
    """Publishing an old run again: the log says what the model is."""
    publish_run(worse)
    publish_run(night)
    with caplog.at_level(logging.WARNING, "nightshelf"):
        assert not publish_run(worse).activated
    assert f"{model_of(worse)} stays archived\n" in caplog.text


def test_damaged_lists_are_not_published(night, client):
    """A list file that is not the one that the run finished with: readers never see it."""
    path = night.path("lists", "fallback.parquet")
    path.unlink()
    path.write_bytes(b"other")
    with pytest.raises(PublishError, match=r"lists: SHA-256 .* --force --dry-run` makes it again"):
        publish_run(night)
    assert read_active(client, NAMESPACE).version is None


def test_a_pointer_moved_by_hand_moves_the_champion(night, alike, client):
    """The registry is brought along on the next look, there and back again."""
    publish_run(night)
    publish_run(alike)
    activate(client, NAMESPACE, version_of(night), hold="wrong prices")
    registry = follow_live(night.settings, client).registry
    assert registry.champion.model == model_of(night)
    last = registry.history[-1]
    assert (last.action, last.replaced, last.reason, last.by) == (
        "roll back",
        model_of(alike),
        "the live version was changed: wrong prices",
        "store",
    )


def test_live_lists_of_no_model_leave_no_champion(night, alike, client):
    """A version that the registry does not know is live: nobody is called champion."""
    publish_run(night)
    publish_run(alike)
    client.set("ns:shop:active", "9 20240501T000000-0123456789ab-01234567")
    followed = follow_live(night.settings, client)
    assert followed.registry.champion is None
    assert followed.summary == (
        "live: 20240501T000000-0123456789ab-01234567, of no model that is registered"
    )
    assert decisions(followed.registry)[-1] == ("archive", model_of(alike), None)


def test_a_store_that_does_not_answer_leaves_states_as_they_were(night, client):
    """The registry is readable without the store, and says what it could not look at."""
    publish_run(night)
    alone = open_shop(
        night.settings.path.parent, {"NIGHTSHELF__STORE__URL": "redis://127.0.0.1:1/0"}
    )
    followed = follow_live(alone)
    assert followed.registry.champion.model == model_of(night)
    assert followed.summary.startswith(
        "states as last known, the store could not be asked: [store] url = redis://127.0.0.1:1/0"
    )
