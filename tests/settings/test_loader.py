"""Settings: what is refused, what the message says, and how the environment overrides."""

import importlib
import pkgutil
from datetime import datetime

import pytest
from pydantic import BaseModel

import pipelines
import serving
import settings as settings_package
import store
from pipelines.candidates.settings import CandidateSettings
from pipelines.moments import NightSettings
from pipelines.ranking.settings import RankingSettings
from pipelines.sources.settings import SourceSettings
from pipelines.surfaces import SurfacesSettings
from serving.settings import ServingSettings
from settings import ProjectSettings, Section, SettingsError, load_settings
from settings.events import EventSettings
from settings.loader import SECTION_NAMES
from settings.project import var_directory
from store.connection import StoreSettings


@pytest.fixture
def load(tmp_path):
    """Loads a settings file with some text, under some environment."""

    def call(text="", **environ):
        (tmp_path / "nightshelf.toml").write_text(text, encoding="utf-8")
        return load_settings(tmp_path / "nightshelf.toml", environ)

    return call


def refusal(settings, section):
    """The whole message with which *section* is refused."""
    with pytest.raises(SettingsError) as caught:
        settings.read(section)
    return str(caught.value)


def test_an_empty_file_gives_every_default(load):
    """A section that is not in the file is read with its defaults, relative to the file."""
    settings = load()
    assert settings.read(ProjectSettings) == ProjectSettings(namespace="demo", var="var")
    assert var_directory(settings) == settings.path.parent / "var" / "demo"


def test_an_unknown_key_names_its_neighbour(load):
    """A misspelt key is refused with file, key and the key that was probably meant."""
    settings = load("[candidates.als]\nfactor = 8\n")
    assert refusal(settings, CandidateSettings) == (
        f"{settings.path}: unknown key candidates.als.factor; did you mean factors?"
    )


def test_an_unknown_table_names_its_neighbour(load):
    """A misspelt table is refused when the file is loaded, whoever would have read it."""
    with pytest.raises(SettingsError, match=r"unknown table \[rankin\]; did you mean ranking\?$"):
        load("[rankin]\ntrees = 5\n")


def test_a_value_outside_of_a_table_is_refused(load):
    """A known name without its brackets is no table."""
    with pytest.raises(SettingsError, match=r"night = 5 stands outside of any \[table\]$"):
        load("night = 5\n")


@pytest.mark.parametrize(
    ("text", "section", "message"),
    [
        ('[ranking]\ntrees = "many"\n', RankingSettings, 'trees = "many": expected integer from 1'),
        ("[ranking]\ntrees = 1.5\n", RankingSettings, "trees = 1.5: expected integer from 1"),
        ("[ranking]\ntrees = true\n", RankingSettings, "trees = true: expected integer from 1"),
        ("[ranking]\ntrees = 0\n", RankingSettings, "trees = 0: expected integer from 1 to 10000"),
        ("[night]\nthreads = 65\n", NightSettings, "threads = 65: expected integer from 1 to 64"),
        ("[night]\nhorizon = 28\n", NightSettings, "horizon = 28: expected duration above 0 like"),
        ('[night]\nhorizon = "0d"\n', NightSettings, 'horizon = "0d": expected duration above 0'),
        (
            "[night]\nas_of = 0001-01-01T00:00:00Z\n",
            NightSettings,
            "is out of range; expected a moment of the years 1990 to 2199",
        ),
        ('[serving]\nstale_after = "0h"\n', ServingSettings, "expected duration above 0"),
        ('[night]\ntimezone = "Mars"\n', NightSettings, "is not an IANA time zone"),
        ('[project]\nnamespace = "A b"\n', ProjectSettings, r"expected string matching ^[a-z]"),
        ('[source]\nkind = "ftp"\n', SourceSettings, "expected one of complete_journey, files"),
        ('[source]\nkind = "files"\n', SourceSettings, "needs at least one [source.tables.<name>]"),
        (
            '[source.tables.a]\nglob = "a"\n',
            SourceSettings,
            "source.tables.a.format is missing; expected one of csv, parquet, jsonl",
        ),
        ("[surfaces.home]\nlength = 0\n", SurfacesSettings, "home.length = 0: expected integer"),
        (
            "[events.weights]\nWish-List = 0.5\n",
            EventSettings,
            'events.weights has the name "Wish-List": expected a letter and then at most 31 more',
        ),
        ("[events.weights]\nimpression = 1\n", EventSettings, "impression is what was shown and"),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_allowed(load, text, section, message):
    """The message names the file, the key, what was found and what is allowed."""
    settings = load(text)
    found = refusal(settings, section)
    assert found.startswith(f"{settings.path}: {section.section_name}")
    assert message in found


def test_every_wrong_key_is_named_at_once(load):
    """Two mistakes are two lines of one message."""
    settings = load("[ranking]\ntrees = 0\nleafs = 5\n")
    first, second = sorted(refusal(settings, RankingSettings).splitlines(), reverse=True)
    assert "unknown key ranking.leafs; did you mean leaves?" in first
    assert "ranking.trees = 0" in second


def test_the_environment_overrides_with_toml_values(load):
    """A variable wins over the file; numbers, dates and lists are read as TOML, words as text."""
    settings = load(
        "[ranking]\ntrees = 10\n",
        NIGHTSHELF__RANKING__TREES="20",
        NIGHTSHELF__NIGHT__AS_OF="2024-05-06T00:00:00",
        NIGHTSHELF__CANDIDATES__ALS__FACTORS="4",
        NIGHTSHELF__PROJECT__NAMESPACE="shop",
        UNRELATED="1",
    )
    assert settings.read(RankingSettings) == RankingSettings(trees=20)
    assert settings.read(NightSettings) == NightSettings(as_of=datetime(2024, 5, 6))
    assert settings.read(CandidateSettings).als.factors == 4
    assert settings.read(ProjectSettings) == ProjectSettings(namespace="shop")


def test_a_bad_override_names_its_variable(load):
    """An impossible value is blamed on the variable that brought it, not on the file."""
    settings = load(NIGHTSHELF__RANKING__TREES="many")
    assert refusal(settings, RankingSettings).startswith(
        'environment variable NIGHTSHELF__RANKING__TREES: ranking.trees = "many": expected integer'
    )


def test_an_override_of_an_unknown_key_names_its_variable(load):
    """A misspelt key in a variable is refused like one in the file."""
    settings = load(NIGHTSHELF__RANKING__TREE="5")
    assert refusal(settings, RankingSettings) == (
        "environment variable NIGHTSHELF__RANKING__TREE: "
        "unknown key ranking.tree; did you mean trees?"
    )


@pytest.mark.parametrize("variable", ["NIGHTSHELF__RANKIN__TREES", "NIGHTSHELF__RANKIN"])
def test_an_override_of_an_unknown_table_is_refused(load, variable):
    """A variable whose table does not exist is an error that names the variable."""
    with pytest.raises(SettingsError, match=rf"^environment variable {variable}: no table"):
        load(**{variable: "5"})


def test_an_override_within_a_value_is_refused(load):
    """A key below one that is no table names the variable, and the one to use instead."""
    with pytest.raises(SettingsError) as caught:
        load('[store]\nurl = "redis://u:secret@h/0"\n', NIGHTSHELF__STORE__URL__X="1")
    assert str(caught.value) == (
        "environment variable NIGHTSHELF__STORE__URL__X: store.url is no table but a value; "
        "expected NIGHTSHELF__STORE__URL"
    )


def test_an_override_that_makes_a_table_is_named(load):
    """Where the file is silent the value's type is wrong, and the variable is to blame."""
    settings = load(NIGHTSHELF__STORE__URL__X="1")
    assert refusal(settings, StoreSettings).startswith(
        f"{settings.path} with environment variable NIGHTSHELF__STORE__URL__X: "
        'store.url = {"x": 1}: expected string'
    )


def test_a_moment_of_the_file_may_have_an_offset(load):
    """What TOML reads with a zone becomes naive UTC, as on the command line."""
    for text in ("2018-01-01T00:00:00Z", "2018-01-01T02:00:00+02:00", "2018-01-01T00:00:00"):
        settings = load(f"[night]\nas_of = {text}\n")
        assert settings.read(NightSettings).as_of == datetime(2018, 1, 1)


def test_a_folder_is_no_settings_file(tmp_path):
    """What cannot be read as a file is an error that names it and says what to do."""
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path, {})
    assert str(caught.value) == (
        f"{tmp_path}: cannot be read (Is a directory); expected a TOML file: "
        "name one with --settings or NIGHTSHELF_SETTINGS"
    )


def test_a_file_that_is_not_utf_8_is_refused(tmp_path):
    """The error says at which byte, and what to do."""
    path = tmp_path / "latin.toml"
    path.write_bytes('[project]\nvar = "Käse"\n'.encode("latin-1"))
    with pytest.raises(SettingsError) as caught:
        load_settings(path, {})
    assert str(caught.value) == f"{path}: not UTF-8 text (byte 18); save the file as UTF-8"


def test_a_missing_file_says_how_to_name_one(tmp_path):
    """The error names the path that was looked at, and the option and variable that change it."""
    with pytest.raises(SettingsError, match=r"none\.toml: no such settings file; name one with --"):
        load_settings(tmp_path / "none.toml", {})


def test_the_variable_names_the_file(tmp_path):
    """Without a path the file of $NIGHTSHELF_SETTINGS is read."""
    path = tmp_path / "other.toml"
    path.write_text('[project]\nnamespace = "other"\n', encoding="utf-8")
    settings = load_settings(environ={"NIGHTSHELF_SETTINGS": str(path)})
    assert settings.read(ProjectSettings).namespace == "other"


def test_invalid_toml_is_refused_with_its_place(load):
    """What is not TOML is an error of the file with line and column."""
    with pytest.raises(SettingsError, match=r"nightshelf\.toml: not valid TOML: .*line 1, column"):
        load("[project\n")


def test_fingerprints_follow_values_and_nothing_else(load):
    """A value that is written out but equals its default is the same settings."""
    default = load().fingerprint(RankingSettings)
    trees = RankingSettings().trees
    assert load(f"[ranking]\ntrees = {trees}\n").fingerprint(RankingSettings) == default
    assert load(f"[ranking]\ntrees = {trees + 1}\n").fingerprint(RankingSettings) != default
    assert load("[serving]\nworkers = 9\n").fingerprint(RankingSettings) == default


def test_only_keeps_what_is_named(load):
    """A dry run of some surfaces reads only these."""
    settings = load("[surfaces.home]\n[surfaces.discover]\nrepeats = false\n")
    kept = settings.only("surfaces", ["discover", "absent"])
    assert [name for name, _ in kept.read(SurfacesSettings).items()] == ["discover"]
    assert [name for name, _ in settings.read(SurfacesSettings).items()] == ["discover", "home"]


def test_sections_and_their_names_agree():
    """Every section class stands in SECTION_NAMES, and every name there has one class."""
    classes = {
        found
        for package in (settings_package, store, pipelines, serving)
        for module in _modules(package)
        for found in vars(module).values()
        if isinstance(found, type) and issubclass(found, BaseModel) and found is not Section
    }
    names = sorted(getattr(found, "section_name", "") for found in classes)
    assert [name for name in names if name] == sorted(SECTION_NAMES)


def _modules(package):
    """Every module of *package*; commands, which only run, are not imported."""
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not found.name.endswith(("__main__", "wsgi", "gunicorn_config")):
            yield importlib.import_module(found.name)
