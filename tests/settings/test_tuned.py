"""The file of tuned values: between the defaults and what is written by hand."""

import pytest

from pipelines.candidates.settings import CandidateSettings
from pipelines.ranking.settings import RankingSettings
from settings import SettingsError, load_settings

TUNED = "[candidates.als]\nconfidence = 40.0\niterations = 7\n\n[ranking]\nleaves = 9\n"


@pytest.fixture
def load(tmp_path):
    """Loads settings with some text by hand, some tuned, and some environment."""

    def call(text="", tuned=TUNED, **environ):
        (tmp_path / "nightshelf.toml").write_text(text, encoding="utf-8")
        (tmp_path / "nightshelf.tuned.toml").write_text(tuned, encoding="utf-8")
        return load_settings(tmp_path / "nightshelf.toml", environ)

    return call


def refusal(settings, section):
    with pytest.raises(SettingsError) as caught:
        settings.read(section)
    return str(caught.value)


def test_tuned_values_win_over_defaults_only(load):
    """File and environment win key by key; what neither names comes from the tuned file."""
    settings = load(
        "[candidates.als]\niterations = 9\nfactors = 32\n", NIGHTSHELF__RANKING__LEAVES="11"
    )
    als = settings.read(CandidateSettings).als
    assert (als.factors, als.confidence, als.iterations) == (32, 40.0, 9)
    assert settings.read(RankingSettings) == RankingSettings(leaves=11)


def test_without_the_tuned_layer_the_rest_stays(load):
    """What is written by hand is kept, and the settings themselves do not change."""
    settings = load("[candidates.als]\niterations = 9\n")
    plain = settings.without_tuned().read(CandidateSettings).als
    assert (plain.confidence, plain.iterations) == (20.0, 9)
    assert settings.read(CandidateSettings).als.confidence == 40.0


def test_it_is_known_which_keys_are_written_by_hand(load):
    """In the file or in the environment; tuned ones are not."""
    settings = load("[ranking]\ntrees = 5\n", NIGHTSHELF__CANDIDATES__ALS__ITERATIONS="3")
    places = [
        ("ranking", "trees"),
        ("candidates", "als", "iterations"),
        ("candidates", "als", "confidence"),
        ("ranking", "leaves"),
        ("ranking", "trees", "deeper"),
    ]
    assert [settings.is_written(where) for where in places] == [True, True, False, False, False]


def test_tuned_values_are_part_of_the_fingerprint(load):
    """A night with other tuned values is another run; the same value by hand is the same."""
    sections = (CandidateSettings, RankingSettings)
    tuned = load().fingerprint(*sections)
    assert load(tuned="").fingerprint(*sections) != tuned
    assert load(TUNED, tuned="").fingerprint(*sections) == tuned


@pytest.mark.parametrize(
    ("tuned", "section", "message"),
    [
        (
            "[candidates.als]\nfactor = 8\n",
            CandidateSettings,
            "unknown key candidates.als.factor; did you mean factors?",
        ),
        ("[ranking]\ntrees = 0\n", RankingSettings, "ranking.trees = 0: expected integer from 1"),
    ],
)
def test_a_wrong_key_or_value_names_the_tuned_file(load, tuned, section, message):
    """As strict as the file by hand, and told apart from it."""
    settings = load(tuned=tuned)
    assert refusal(settings, section).startswith(f"{settings.tuned_path}: {message}")


def test_a_wrong_value_by_hand_names_the_file_by_hand(load):
    """Where both have the key, the one that wins is the one to mend."""
    settings = load("[ranking]\nleaves = 1\n")
    assert refusal(settings, RankingSettings).startswith(f"{settings.path}: ranking.leaves = 1")


def test_only_what_tuning_decides_may_be_tuned(load, tmp_path):
    """Another table in the tuned file is refused when the settings are loaded."""
    with pytest.raises(SettingsError) as caught:
        load(tuned='[store]\nurl = "redis://elsewhere"\n')
    file = (tmp_path / "nightshelf.tuned.toml").resolve()
    expected = f"{file}: unknown table [store]; expected one of candidates, ranking"
    assert str(caught.value) == expected


def test_a_tuned_key_keeps_the_other_values_of_its_own_generator(load):
    """`als_wide` is wide and `item_bm25` is BM25 also when a key of theirs is set."""
    tuned = "[candidates.als_wide]\niterations = 7\n[candidates.item_bm25]\nneighbours = 20\n"
    found, plain = load(tuned=tuned).read(CandidateSettings), CandidateSettings()
    assert found.als_wide == plain.als_wide.model_copy(update={"iterations": 7})
    assert found.item_bm25 == plain.item_bm25.model_copy(update={"neighbours": 20})
