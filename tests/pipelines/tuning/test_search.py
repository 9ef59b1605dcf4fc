"""The search: in order, the same every time, and none the worse for being killed."""

import math
import os
import signal

import numpy as np
import pytest

from pipelines.candidates.generator import GeneratorError
from pipelines.tuning.search import Figures, Limits, best_trial, finished_trials, open_study, search
from pipelines.tuning.spaces import Range

SPACE = {"x": Range(1.0, 100.0, log=True), "n": Range(1, 9)}
DEFAULTS = {"x": 90.0, "n": 9}


def judge(values):
    """Best at x = 10, n = 1; two users."""
    ndcg = 1 - abs(math.log10(values["x"]) - 1) - values["n"] / 100
    return Figures(ndcg=np.array([ndcg, ndcg]), recall=np.array([0.25, 0.75]))


def run_search(study, n_trials=12, judge=judge, first=(DEFAULTS,), seed=7):
    return search(study, SPACE, list(first), judge, Limits(n_trials=n_trials), seed=seed)


def told(trials):
    """Trials without what differs from run to run."""
    return [(trial.number, trial.values, trial.ndcg, trial.recall) for trial in trials]


@pytest.fixture
def uninterrupted():
    """The trials of a study that nobody disturbed."""
    return told(run_search(open_study("whole")))


def test_the_defaults_are_trial_0_and_others_beat_them(uninterrupted):
    """The values to begin with come first as they are, with the means over users."""
    expected = judge(DEFAULTS).ndcg.mean()
    assert uninterrupted[0] == (0, DEFAULTS, expected, 0.5)
    assert [number for number, *_ in uninterrupted] == list(range(12))
    assert max(ndcg for _, _, ndcg, _ in uninterrupted) > expected


def test_the_same_seed_gives_the_same_trials(uninterrupted):
    """Another seed gives others."""
    assert told(run_search(open_study("again"))) == uninterrupted
    assert told(run_search(open_study("again"), seed=8)) != uninterrupted


def test_values_are_as_short_as_they_are_written(uninterrupted):
    """Four digits are judged, so four digits are what the settings get."""
    for _, values, _, _ in uninterrupted:
        assert float(f"{values['x']:.4g}") == values["x"]
        assert isinstance(values["n"], int)


@pytest.mark.parametrize("at", [0, 1, 9])
def test_a_killed_study_goes_on_as_if_nothing_had_happened(tmp_path, uninterrupted, at):
    """Killed in the middle of a trial, it makes that trial again and then the same others."""
    journal = tmp_path / "study.log"

    def killed(values):
        if len(finished_trials(study)) == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return judge(values)

    child = os.fork()
    if not child:
        study = open_study("whole", journal)
        run_search(study, judge=killed)
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    with journal.open("ab") as file:
        file.write(b'{"op_code": 5, "wor')  # torn by the kill
    assert told(run_search(open_study("whole", journal))) == uninterrupted
    assert told(finished_trials(open_study("whole", journal))) == uninterrupted


def test_a_finished_study_is_not_searched_again(tmp_path):
    """As many trials as were asked for are there: nothing is judged, more can be asked for."""
    journal = tmp_path / "study.log"
    run_search(open_study("s", journal), n_trials=3)

    def never(values):
        raise AssertionError(values)

    assert len(run_search(open_study("s", journal), n_trials=3, judge=never)) == 3
    assert len(run_search(open_study("s", journal), n_trials=4)) == 4


def test_a_trial_that_cannot_be_fitted_is_the_worst():
    """Its figures are missing, the search goes on, and it is never the best."""

    def picky(values):
        if values["n"] > 4:
            raise GeneratorError("factors are not finite")
        return judge(values)

    trials = run_search(open_study("s"), judge=picky)
    failed = [trial for trial in trials if math.isnan(trial.ndcg)]
    assert (len(trials), failed[0].values) == (12, DEFAULTS)
    assert best_trial(trials).values["n"] <= 4


def test_of_equal_trials_the_first_is_best():
    """Where nothing beats the defaults they are kept."""
    level = Figures(ndcg=np.array([0.5]), recall=np.array([0.5]))
    assert best_trial(run_search(open_study("s"), judge=lambda _: level)).number == 0


def test_what_was_chosen_before_comes_second():
    """An earlier study's values are tried right after the defaults."""
    before = {"x": 11.0, "n": 2}
    trials = run_search(open_study("s"), n_trials=3, first=(DEFAULTS, before))
    assert [trial.values for trial in trials[:2]] == [DEFAULTS, before]


def test_without_time_there_is_one_trial_and_no_more():
    """The defaults are always judged; a trial that would end too late is not begun."""
    limits = Limits(seconds=0)
    assert len(search(open_study("s"), SPACE, [DEFAULTS], judge, limits, seed=7)) == 1


def test_a_search_needs_an_end_and_a_beginning_within_bounds():
    """Neither an endless study nor defaults that no trial could have are begun."""
    with pytest.raises(ValueError, match="give n_trials, or seconds"):
        Limits()
    with pytest.raises(ValueError, match=r"\{'x': 900\.0, 'n': 9\} to begin with; expected"):
        run_search(open_study("s"), first=({"x": 900.0, "n": 9},))
