"""Tuning over a real night: what is judged where, what is written, and what is left alone."""

from datetime import datetime, timedelta
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest

from pipelines.__main__ import main
from pipelines.candidates.popularity import PopularitySettings
from pipelines.candidates.settings import CandidateSettings
from pipelines.evaluation.report import write_report
from pipelines.files import hash_files, read_json
from pipelines.inputs import run_cutoffs
from pipelines.night import begin_night
from pipelines.ranking.labels import load_labels
from pipelines.runs import list_runs, open_run
from pipelines.tuning.directory import study_path, tuning_directory
from pipelines.tuning.page import conclude, tuning_section
from pipelines.tuning.search import Limits
from pipelines.tuning.spaces import RANKER, space_of
from pipelines.tuning.study import Subject, describe, run_study, subject_of
from pipelines.tuning.tune import Search, choose_subjects, place_of, shadowed_keys, tune
from pipelines.tuning.tuned_file import write_tuned
from pipelines.tuning.window import TuningError, open_tuning_window
from pipelines.tuning_tasks import tune_models
from settings import load_settings
from tests.night_fixtures import open_shop

ONCE = Limits(n_trials=2)


class Words(HTMLParser):
    """Fails on tags that are not closed; keeps the text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.text = [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "use", "path", "br", "link", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def run_files(run):
    return hash_files((p for p in run.directory.rglob("*") if p.is_file()), root=run.directory)


def bad_popularity(what="segment_popularity"):
    """A subject whose defaults are bad: three days of a shop where people come once a week."""
    start = PopularitySettings(window_days=3.0)
    return Subject(what, ("candidates", what), start, start, space_of(what), ())


@pytest.fixture
def found(window):
    """A study that must find something better."""
    return run_study(window, bad_popularity(), Limits(n_trials=8))


def test_trials_are_judged_before_the_window_of_the_night(run, window):
    """The window ends where the evaluated one begins; features and models are as of its start."""
    cutoffs = run_cutoffs(run)
    assert (window.cutoff, window.until) == (cutoffs.training[0], cutoffs.evaluation)
    assert (window.past.interactions.age_days >= 0).all()
    labels = load_labels(run, window.index, "purchased", cutoffs.training[0])
    assert (window.truth != labels).nnz == 0


def test_the_halves_have_no_user_in_common(window):
    """Who confirms the best trial had no say in choosing it; all have events on both sides."""
    everybody = np.concatenate([window.comparing, window.confirming])
    assert len(np.unique(everybody)) == len(everybody)
    assert abs(len(window.comparing) - len(window.confirming)) <= 1
    assert (np.diff(window.truth.indptr)[everybody] > 0).all()


def test_only_new_items_are_judged_where_repeats_are_not_allowed(run):
    """On discover the own history is left out of what a generator lists."""
    window = open_tuning_window(run, "discover")
    assert (window.seen != window.past.interactions.matrix).nnz == 0
    assert open_tuning_window(run, "home").seen is None


def test_what_beats_the_defaults_is_written_where_settings_read_it(shop, found):
    """A better window is found, confirmed, written, and read by the next night."""
    assert found.verdict.is_better
    before, after = found.verdict.ndcg
    assert before < after
    assert write_tuned(shop.tuned_path, found, shop.path.name)
    again = open_shop(shop.path.parent)
    section = again.read(CandidateSettings).segment_popularity
    assert section == PopularitySettings(window_days=found.best.values["window_days"])
    assert again.fingerprint(CandidateSettings) != shop.fingerprint(CandidateSettings)


def test_a_study_goes_on_where_it_stopped(shop, window, found):
    """More trials are added to those on disk; the first ones are not made again."""
    more = run_study(window, bad_popularity(), Limits(n_trials=9))
    assert more.trials[:8] == found.trials
    assert (more.study, len(more.trials)) == (found.study, 9)
    assert read_json(study_path(shop, more.study, ".json"))["trials"] == describe(more)["trials"]


def test_the_next_study_begins_with_what_is_tuned(shop, found):
    """Trial 0 has the defaults, trial 1 what an earlier study chose."""
    write_tuned(shop.tuned_path, found, shop.path.name)
    chosen = found.best.values["window_days"]
    subject = subject_of(open_shop(shop.path.parent), "segment_popularity")
    assert subject.first == [{"window_days": 28.0}, {"window_days": chosen}]


def test_what_is_written_by_hand_is_not_searched(shop):
    """Keys of the file are left as they are; nothing left to vary is an error that names them."""
    als = subject_of(shop, "als")
    assert (als.written, list(als.space), als.start.factors) == (
        ("regularization", "iterations"),
        ["confidence"],
        8,
    )
    environ = {"NIGHTSHELF__CANDIDATES__ALS__CONFIDENCE": "30.0"}
    written = open_shop(shop.path.parent, environ)
    assert [s.what for s in choose_subjects(written, "home", ())] == [
        *("item_item", "segment_popularity", "ranker"),
    ]
    with pytest.raises(TuningError) as caught:
        choose_subjects(written, "home", ["als"])
    assert str(caught.value) == (
        "als: regularization, confidence, iterations are all written by hand in "
        "[candidates.als]; take out of the settings what tuning may choose"
    )


def test_tuned_keys_that_have_no_effect_are_named(shop, found):
    """A key that is written by hand since wins, and the command says so."""
    write_tuned(shop.tuned_path, found, shop.path.name)
    environ = {"NIGHTSHELF__CANDIDATES__SEGMENT_POPULARITY__WINDOW_DAYS": "5.0"}
    assert shadowed_keys(open_shop(shop.path.parent)) == []
    assert shadowed_keys(open_shop(shop.path.parent, environ)) == [
        "candidates.segment_popularity.window_days"
    ]


@pytest.mark.parametrize("what", ["als", "due_again", RANKER])
def test_the_same_study_has_the_same_trials(window, what, shop, tmp_path):
    """Without its journal a study makes the same trials again, figures and all."""
    subject = subject_of(shop, what)
    first = run_study(window, subject, Limits(n_trials=3))
    study_path(shop, first.study, ".log").unlink()
    second = run_study(window, subject, Limits(n_trials=3))
    told = [[(t.values, t.ndcg, t.recall) for t in outcome.trials] for outcome in (first, second)]
    assert told[0] == told[1]
    assert first.verdict == second.verdict
    assert len({str(values) for values, _, _ in told[0]}) == 3


def test_the_command_tunes_on_the_finished_run_and_leaves_it_alone(shop, run, capsys):
    """No new run, no file of the run touched; every study ends with a sentence and a page."""
    before = run_files(run)
    options = ["--trials", "2", "--what", "due_again,recent_popularity,ranker", "--dry-run"]
    assert main(["--settings", str(shop.path), "tune", *options]) == 0
    said = capsys.readouterr().out
    assert (list_runs(shop), run_files(run)) == ([run.name], before)
    for what in ("due_again", "recent_popularity", "ranker"):
        assert f"{what} on home, 2 trials on 2024-04-22 … 2024-04-29\n" in said
    assert "written by hand, so not searched: trees, leaves, min_rows_per_leaf" in said
    assert not shop.tuned_path.exists()
    pages = sorted(tuning_directory(shop).glob("*.html"))
    assert len(pages) == 3
    for page in pages:
        assert str(page) in said
        assert "trial 0 has the defaults" in "".join(Words(page.read_text()).text)


def test_a_new_moment_is_built_on_the_budget_and_named(shop, run, capsys, caplog):
    """What the features cost leaves no time for a study; the run says that tuning began it."""
    options = ["--what", "due_again", "--as-of", "2024-05-05", "--budget", "1s"]
    assert main(["--settings", str(shop.path), "tune", *options]) == 0
    (begun,) = [name for name in list_runs(shop) if name != run.name]
    assert "is built up to features; that counts" in caplog.text
    assert "no time left for due_again" in caplog.text
    capsys.readouterr()
    assert main(["--settings", str(shop.path), "runs"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == (
        f"{begun}  unfinished, done up to features  begun by tune, not by a night"
    )
    assert main(["--settings", str(shop.path), "tune", *options, "--trials", "1"]) == 0
    assert "due_again on home, 1 trial on 2024-04-15 … 2024-04-22\n" in capsys.readouterr().out
    assert begin_night(shop, as_of=datetime(2024, 5, 5)).name == begun
    assert not open_run(shop, begun).is_for_tuning


def test_the_form_may_ask_for_a_dry_run(shop, run, monkeypatch):
    """What would be written is told, table and all, and the file stays as it was."""
    monkeypatch.setenv("NIGHTSHELF_SETTINGS", str(shop.path))
    outcome = SimpleNamespace(after={"x": 1}, subject=SimpleNamespace(where=("candidates", "als")))
    place = f"[candidates.als] of {shop.tuned_path}"
    assert place_of(shop, outcome, dry_run=True) == f"a dry run: not written to {place}"
    assert place_of(shop, outcome, dry_run=False) == f"written to {place}"
    form = {"what": ["due_again"], "write": "dry run", "budget": "1s"}
    (said,) = tune_models(form, {}).values()
    assert said.startswith(("Kept the defaults", "due_again"))
    assert not shop.tuned_path.exists()


def test_the_report_shows_the_newest_study_of_each(shop, window, found):
    """The section names the study, its conclusion, its trials, and draws them."""
    assert tuning_section(shop) is not None
    section = tuning_section(shop)
    words = "".join(Words(section).text)
    assert "segment_popularity on home" in words
    assert conclude(describe(found)) in words
    assert section.count("<svg") == 1  # eight trials are too few to tell fields apart
    run_study(window, bad_popularity(), Limits(n_trials=12))
    assert tuning_section(shop).count("<svg") == 2


def test_the_report_has_a_section_only_after_a_study(shop, run, window):
    """Nothing was tuned: nothing is shown; then the section stands in the page, whole."""
    assert tuning_section(shop) is None
    pages = []
    for _ in range(2):
        write_report(run)
        pages.append(run.path("report.html").read_text(encoding="utf-8"))
        run_study(window, bad_popularity(), ONCE)
    Words(pages[1])
    places = ('<section id="tuning">', '<a href="#tuning">')
    assert [[page.count(place) for place in places] for page in pages] == [[0, 0], [1, 1]]


def test_the_budget_ends_the_studies(shop, caplog):
    """The first study judges its defaults; what comes when the time is up is named."""
    caplog.set_level("WARNING", "nightshelf")
    order = Search(what=("due_again", "als"), budget=timedelta(milliseconds=1), dry_run=True)
    outcomes = list(tune(shop, order))
    assert [(o.subject.what, len(o.trials), o.verdict) for o in outcomes] == [("als", 1, None)]
    assert "no more than their own trial" in conclude(describe(outcomes[0]))
    assert "no time left for due_again" in caplog.text


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (Search(what=("alss",)), r"what = \['alss'\]: expected some of als, als_wide, .*, ranker$"),
        (Search(surface="hone"), r"surface = 'hone': expected one of home, discover$"),
    ],
)
def test_an_impossible_order_is_refused(shop, order, message):
    """The message names what there is."""
    with pytest.raises(TuningError, match=message):
        list(tune(shop, order))


def test_settings_without_a_surface_have_nothing_to_tune_for(tmp_path):
    """A label to judge by belongs to a surface."""
    (tmp_path / "nightshelf.toml").write_text("", encoding="utf-8")
    settings = load_settings(tmp_path / "nightshelf.toml", {})
    with pytest.raises(TuningError, match=r"no \[surfaces\.<name>\] to tune for; add one$"):
        list(tune(settings, Search()))
