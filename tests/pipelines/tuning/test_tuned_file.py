"""What a study writes beside the settings, and what it leaves alone."""

from datetime import datetime

import numpy as np
import pytest

from pipelines.candidates.als import AlsSettings
from pipelines.candidates.settings import CandidateSettings
from pipelines.ranking.settings import RankingSettings
from pipelines.tuning.generators import values_of
from pipelines.tuning.search import Trial
from pipelines.tuning.spaces import RANKER, space_of
from pipelines.tuning.study import Outcome, Subject
from pipelines.tuning.tuned_file import write_tuned
from pipelines.tuning.verdict import Verdict
from pipelines.tuning.window import TuningError
from settings import load_settings

WINDOW = (datetime(2024, 4, 22), datetime(2024, 4, 29))


def outcome_of(what, changes, *, is_better=True):
    """A made study whose second trial changed something."""
    start = RankingSettings() if what == RANKER else getattr(CandidateSettings(), what)
    where = ("ranking",) if what == RANKER else ("candidates", what)
    space = {name: space_of(what)[name] for name in changes}
    trials = [
        Trial(0, values_of(start, space), 0.2, 0.5, 1.0),
        Trial(1, changes, 0.3, 0.5, 1.0),
    ]
    low = 0.05 if is_better else -0.05
    return Outcome(
        study=f"home-{what}-20240422-01234567",
        subject=Subject(what, where, start, start, space, ()),
        surface="home",
        window=WINDOW,
        trials=trials,
        best=trials[1],
        verdict=Verdict(30, (0.2, 0.3), (low, 0.15), (0.5, 0.5), (0.0, 0.0)),
        made_at=datetime(2024, 5, 6, 7, 8, 9),
    )


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "nightshelf.toml").write_text("", encoding="utf-8")
    return load_settings(tmp_path / "nightshelf.toml", {})


@pytest.fixture
def write(settings):
    """Writes an outcome, and gives whether that changed the file."""
    return lambda outcome: write_tuned(settings.tuned_path, outcome, settings.path.name)


def read(settings, section):
    return load_settings(settings.path, {}).read(section)


def test_the_file_says_by_what_study_and_what_was_before(settings, write):
    """A header, where the values come from, and each value with the one it replaces."""
    assert write(outcome_of("als", {"confidence": 40.0, "iterations": 10, "regularization": 3.5}))
    assert settings.tuned_path.read_text(encoding="utf-8") == (
        "# Written by `python -m pipelines tune`; do not edit, the next study writes over it.\n"
        "# The same key in nightshelf.toml, or in the environment, wins over the one here.\n"
        "\n"
        "# Study home-als-20240422-01234567, 2024-05-06 07:08:09 UTC, trial 1 of 2.\n"
        "# Judged on 2024-04-22 … 2024-04-29, 30 users: "
        "NDCG@20 0.2000 → 0.3000 (difference +0.0500 to +0.1500), "
        "recall 0.5000 → 0.5000 (difference 0.0000 to 0.0000).\n"
        "[candidates.als]\n"
        "confidence = 40.0  # was 20.0\n"
        "regularization = 3.5  # was 10.0\n"
    )
    assert read(settings, CandidateSettings).als == AlsSettings(confidence=40.0, regularization=3.5)


def test_studies_keep_each_others_values(settings, write):
    """A block of another table stays to the byte; the own one is replaced whole."""
    write(outcome_of("als", {"confidence": 40.0, "regularization": 3.5}))
    before = settings.tuned_path.read_text(encoding="utf-8").partition("\n\n")[2]
    write(outcome_of(RANKER, {"leaves": 31, "feature_share": 0.75}))
    assert before in settings.tuned_path.read_text(encoding="utf-8")
    write(outcome_of("als", {"confidence": 30.0}))
    assert read(settings, CandidateSettings).als == AlsSettings(confidence=30.0)
    assert read(settings, RankingSettings) == RankingSettings(leaves=31, feature_share=0.75)


def test_a_study_that_keeps_the_defaults_takes_out_what_was_tuned(settings, write):
    """Its own block goes, others stay; without one the file is not touched, nor made."""
    kept = outcome_of("als", {"confidence": 40.0}, is_better=False)
    assert not write(kept)
    assert not settings.tuned_path.exists()
    write(outcome_of("als", {"confidence": 40.0}))
    write(outcome_of(RANKER, {"leaves": 31}))
    assert write(kept)
    assert read(settings, CandidateSettings) == CandidateSettings()
    assert read(settings, RankingSettings) == RankingSettings(leaves=31)


@pytest.mark.parametrize(
    "text", ["candidates.als.factors = 3\n", "[ranking]\n\ntrees = 3\n", "[ranking\n"]
)
def test_a_file_edited_by_hand_is_not_written_over(settings, write, text):
    """What a person wrote there is not lost without a word."""
    settings.tuned_path.write_text(text, encoding="utf-8")
    with pytest.raises(TuningError, match=r"was edited by hand; move your values to the settings"):
        write(outcome_of("als", {"confidence": 40.0}))
    assert settings.tuned_path.read_text(encoding="utf-8") == text


def test_a_place_that_cannot_be_written_is_named(settings, write):
    """A folder stands where the file should be: the message says what to do."""
    settings.tuned_path.mkdir()
    with pytest.raises(TuningError, match=r"nightshelf\.tuned\.toml: cannot be written .*again"):
        write(outcome_of("als", {"confidence": 40.0}))


def test_whatever_is_chosen_reads_back_as_it_was_judged(settings, write):
    """Random values of every size come back equal through TOML."""
    seed = int(np.random.SeedSequence().entropy) % 2**32
    print(f"seed {seed}")
    dice = np.random.default_rng(seed)
    for _ in range(20):
        span = space_of("als")["confidence"]
        value = float(f"{np.exp(dice.uniform(np.log(span.low), np.log(span.high))):.4g}")
        write(outcome_of("als", {"confidence": value}))
        assert read(settings, CandidateSettings).als.confidence == value
