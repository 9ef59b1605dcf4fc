"""The gate: what is refused, what holds, and what is said when nothing can be compared."""

from dataclasses import replace
from datetime import timedelta

import pytest

from pipelines.files import write_json
from pipelines.night import begin_night, do_night
from pipelines.registry.compare import compare_models, compare_with_baselines
from pipelines.registry.gate import judge
from pipelines.registry.model import open_model
from pipelines.registry.register import register_run
from pipelines.registry.registry import models_directory
from pipelines.runs import open_run
from tests.night_fixtures import SHOP_AS_OF, copy_shop, open_shop
from tests.pipelines.registry.other_nights import other_night


def told(verdict):
    """All reasons in one text."""
    return "; ".join(verdict.reasons)


@pytest.fixture(scope="module")
def two_weeks(finished_night, tmp_path_factory):
    """The night of a week before, in a shop that has tonight's as well: (tonight, before)."""
    settings = copy_shop(finished_night.settings, tmp_path_factory.mktemp("weeks") / "shop")
    before = do_night(begin_night(settings, as_of=SHOP_AS_OF - timedelta(days=7)))
    return open_run(settings, finished_night.id), before


def open_models(*runs):
    """The checked models of *runs*."""
    return [open_model(run.settings, register_run(run)) for run in runs]


def ask(run, live, **gate):
    """The verdict on *run* while the lists of *live* are live, under settings of the gate."""
    variables = {f"NIGHTSHELF__GATE__{key.upper()}": str(value) for key, value in gate.items()}
    run = open_run(open_shop(run.settings.path.parent, variables), run.name)
    record = register_run(run)
    version = live.manifest["outputs"]["version"]
    return judge(run, open_model(run.settings, record), register_run(live), version)


@pytest.mark.parametrize(
    ("gain", "finding", "holds"),
    [(0.05, "better", True), (0.0, "not decided", True), (-0.05, "worse", False)],
)
def test_only_what_is_worse_beyond_noise_is_refused(night, gain, finding, holds):
    """On one window the users' own figures decide, with the difference and its interval."""
    other = other_night(night, "b", gain=gain)
    found = compare_models(*open_models(other, night)).surfaces
    assert [(s.surface, s.finding, s.how) for s in found] == [
        (surface, finding, "both were evaluated on the same window")
        for surface in ("discover", "home")
    ]
    assert [round(s.difference, 9) for s in found] == [gain, gain]
    assert all(s.users > 20 and s.interval == pytest.approx((gain, gain)) for s in found)
    assert ask(other, night).holds is holds


def test_a_refusal_says_what_was_found_expected_and_what_to_do(night):
    """Both surfaces are named, with figures; what held is left out."""
    verdict = ask(other_night(night, "b", gain=-0.05), night)
    assert verdict.refusal == "loaded, not activated: the gate refused it"
    discover, home, way_on = verdict.reasons
    assert discover.startswith("discover NDCG@20: found 0.")
    assert home.startswith("home NDCG@20: found 0.")
    assert "difference -0.0500 (-0.0500 … -0.0500) over " in home
    assert "worse, expected an interval not wholly below 0; find out what changed" in home
    assert way_on.startswith("`python -m pipelines models promote 20240506T000000-bbbbbbbbbbbb-")


def test_a_loss_within_the_tolerance_holds(night):
    """`[gate] tolerance` is what may be lost beyond noise."""
    other = other_night(night, "b", gain=-0.05)
    assert ask(other, night, tolerance=0.06).holds
    assert not ask(other, night, tolerance=0.04).holds


def test_lists_that_show_other_items_are_refused(night):
    """Every item got another id: nothing of the live lists is left."""
    verdict = ask(other_night(night, "b", rename_items=True), night)
    assert told(verdict).split(": ")[:2] == ["discover churn", "found 1.000 of the first 20 items "
        "of 60 users, expected at most 0.95 that the live lists have not; see whether users or "
        "items were renamed, or raise [gate] max_churn; home churn"]  # fmt: skip


def test_lists_that_fill_or_cover_much_less_are_refused(night):
    """Measured by the gate of the lists; compared here with what is live."""
    other = other_night(night, "b")
    path = other.path("quality", "lists.json")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"found": 1.0', '"found": 0.6'), encoding="utf-8")
    verdict = ask(other, night, max_fill_drop=0.3, max_coverage_drop=0.1)
    assert "discover fill: found 0.6000, expected at least 0.7000; see which" in told(verdict)
    assert "or raise [gate] max_fill_drop" in told(verdict)
    assert ask(other, night, max_fill_drop=0.5, max_coverage_drop=0.5).holds


def test_too_few_evaluated_users_are_refused(night):
    """Figures of a handful of users decide nothing; no comparison is made then."""
    verdict = ask(other_night(night, "b", gain=-0.05), night, min_evaluated_users=1000)
    assert told(verdict).count("evaluated users: found ") == 2
    assert "expected at least 1000; bring more events, or lower [gate] min_ev" in told(verdict)
    assert "NDCG" not in told(verdict)


def test_the_first_model_has_nobody_to_beat(night):
    """Nothing live and no champion: enough users are enough."""
    (model,) = open_models(night)
    verdict = judge(night, model, None, None)
    assert verdict.holds
    assert told(verdict).endswith("the first model: there is no champion to compare with")


def test_a_damaged_champion_is_replaced_by_its_baselines(night):
    """What cannot be loaded cannot be compared: the reason says so, and the baselines stand in."""
    record = register_run(night)
    other = other_night(night, "b", gain=-0.9)
    (challenger,) = open_models(other)
    (models_directory(night.settings) / record.model / "evaluation.json").unlink()
    verdict = judge(other, challenger, record, record.version)
    assert "home not compared with the champion: " in told(verdict)
    assert "evaluation.json is missing" in told(verdict)
    assert " for own_most_frequent: difference -0." in told(verdict)
    assert not verdict.holds


def test_live_lists_of_no_known_model_are_answered_by_baselines(night):
    """A live version that the registry lacks: baselines decide, and churn cannot be measured."""
    (model,) = open_models(night)
    verdict = judge(night, model, None, "20240501T000000-0123456789ab-01234567")
    assert "home not compared with the champion: the live version is of no model" in told(verdict)
    assert "lists not compared with 20240501T000000-0123456789ab-01234567" in told(verdict)
    better = other_night(night, "b", gain=0.5)
    (model,) = open_models(better)
    assert judge(better, model, None, "20240501T000000-0123456789ab-01234567").holds


def test_a_model_is_compared_with_the_better_rival(night):
    """Own most frequent items or recent popularity, both sides without rules; no generator else."""
    (model,) = open_models(night)
    found = compare_with_baselines(model, "home")
    figures = model.manifest["metrics"]["home"]["models"]
    assert found.ours == pytest.approx(figures["ranker"]["ndcg@20"], abs=1e-6)
    rivals = [figures[name]["ndcg@20"] for name in ("own_most_frequent", "recent_popularity")]
    assert found.theirs == pytest.approx(max(rivals), abs=1e-6)


def test_of_another_window_the_champion_ranks_the_candidates_again(two_weeks):
    """Columns agree, so that a week later the old ranker is asked about the new window."""
    tonight, before = two_weeks
    challenger, champion = open_models(tonight, before)
    assert challenger.window != champion.window
    found = compare_models(challenger, champion).surfaces
    how = f"the ranker of {champion.id} ranked the candidates of {challenger.id}"
    assert {s.how for s in found} == {how}
    users = {s.surface: s.users for s in found}
    metrics = challenger.manifest["metrics"]
    assert users == {surface: metrics[surface]["users"] for surface in metrics}
    assert all(0 < s.theirs < 1 and s.interval[0] <= s.difference <= s.interval[1] for s in found)
    assert "home churn 0." in told(ask(tonight, before, tolerance=1))


def test_ranking_again_gives_the_figures_of_the_evaluation(two_weeks):
    """A champion whose window only looks different comes out as its own evaluation has it."""
    tonight, _ = two_weeks
    (model,) = open_models(tonight)
    moved = {**model.manifest, "window": {"from": "2024-04-28T00:00:00", "until": "x"}}
    other = type(model)(model.id, model.directory, moved, model.settings)
    found = compare_models(model, other).surfaces
    how = f"the ranker of {model.id} ranked the candidates of {model.id}"
    assert {s.how for s in found} == {how}
    assert [(s.difference, s.finding) for s in found] == [(0.0, "not decided")] * 2


def test_a_newer_champion_is_not_asked_about_what_it_learned(two_weeks):
    """The window of the older model was part of the newer one's training."""
    tonight, before = two_weeks
    old, new = open_models(before, tonight)
    found = compare_models(old, new).surfaces
    assert {(s.finding, s.how) for s in found} == {
        ("not comparable", f"{new.id} was trained on what {old.id} was evaluated on")
    }


def test_an_edited_label_is_another_label(night):
    """Figures under another SQL of the same name are not paired; the old ranker is asked again."""
    other = other_night(night, "b", gain=0.05)
    manifest = other.manifest
    sql = {**manifest["outputs"]["sql"], "purchased": "0" * 64}
    outputs = {**manifest["outputs"], "sql": sql}
    write_json(other.path("manifest.json"), {**manifest, "outputs": outputs})
    edited, plain = open_models(other, night)
    found = compare_models(edited, plain).surfaces
    assert {s.surface: s.how for s in found} == {
        "discover": "both were evaluated on the same window",
        "home": f"the ranker of {plain.id} ranked the candidates of {edited.id}",
    }


def test_a_surface_that_the_settings_lost_is_not_ranked_again(two_weeks):
    """Models outlive settings: what can no longer be asked says so, and the rest is compared."""
    tonight, before = two_weeks
    (challenger, champion) = open_models(tonight, before)
    alone = replace(challenger, settings=challenger.settings.only("surfaces", ["home"]))
    found = compare_models(alone, champion).surfaces
    assert {s.surface: s.how for s in found} == {
        "discover": "window or label differ, and the settings have no such surface any more",
        "home": f"the ranker of {champion.id} ranked the candidates of {challenger.id}",
    }


def test_every_refusal_says_how_to_pass_it(night):
    """Not only a lower NDCG: a surface that was changed on purpose may show other items."""
    other = other_night(night, "b", rename_items=True)
    (model,) = open_models(other)
    *_, churn, way_on = ask(other, night).reasons
    assert churn.endswith("or raise [gate] max_churn")
    assert way_on == (
        f"`python -m pipelines models promote {model.id} --reason …` shows it all the same"
    )
