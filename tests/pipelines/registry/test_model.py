"""A model version: whole, read-only, and refused by name when one byte is not its own."""

import shutil
import stat

import pytest

from pipelines.files import hash_file, read_json, write_json
from pipelines.registry.model import ModelError, find_damage, open_model
from pipelines.registry.register import register_run
from pipelines.registry.registry import models_directory, read_registry
from pipelines.runs import RunError
from tests.pipelines.registry.other_nights import other_night

RANKER = "models/ranker-home-night.txt"


@pytest.fixture
def record(night):
    """The registered model of the night."""
    return register_run(night)


@pytest.fixture
def folder(night, record):
    """The model's folder."""
    return models_directory(night.settings) / record.model


def flip_byte(path):
    """Changes one byte in the middle of *path*, and of no file that shares its bytes."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.unlink()
    path.write_bytes(data)


def test_a_finished_night_has_registered_its_model(finished_night, night):
    """The end of a night makes one model, a challenger; registering it again changes nothing."""
    made = read_registry(finished_night.settings).history[0]
    before = read_registry(night.settings)
    (record,) = before.models
    assert (made.action, made.model) == ("register", record.model)
    assert (record.state, record.run_id) == ("challenger", night.id)
    assert record.model.startswith(f"{night.id}-")
    assert register_run(night) == record
    assert read_registry(night.settings) == before


def test_the_manifest_says_where_the_model_comes_from(night, record):
    """Rankers of both purposes, the night's generators and figures, each with its SHA-256."""
    model = open_model(night.settings, record)
    files = set(model.manifest["files"])
    assert {f"models/ranker-{s}-{p}.{e}" for s in ("home", "discover") for p in ("night",
            "evaluated") for e in ("txt", "json")} <= files  # fmt: skip
    assert {"models/20240506T000000/als.npz", "evaluation.json", "lists/manifest.json"} <= files
    assert {f"evaluation/users-{surface}.parquet" for surface in ("home", "discover")} <= files
    assert not any("20240429" in name for name in files)
    assert model.manifest["inputs"] == night.manifest["inputs"]
    assert model.manifest["version"] == night.manifest["outputs"]["version"] == record.version
    assert model.window == ("2024-04-29T00:00:00", "2024-05-06T00:00:00")
    assert set(model.manifest["metrics"]["home"]["models"]) == {
        "ranker",
        "ranker_with_rules",
        "own_most_frequent",
        "recent_popularity",
    }
    for name, file in model.manifest["files"].items():
        found = night.path(name)
        assert file == {"sha256": hash_file(found), "bytes": found.stat().st_size}


def test_a_model_shares_its_bytes_with_the_run_and_is_read_only(night):
    """Hard links cost no disk, and outlive the run; nobody can write to them by accident."""
    record = register_run(other_night(night, "b"))
    run = night.directory.with_name(record.run_id)
    folder = models_directory(night.settings) / record.model
    assert (folder / RANKER).samefile(run / RANKER)
    modes = {stat.S_IMODE(p.stat().st_mode) for p in folder.rglob("*") if p.is_file()}
    assert modes == {0o444}
    shutil.rmtree(run)
    assert open_model(night.settings, record).ranker("home", "night").columns


def test_a_damaged_ranker_is_refused_before_it_is_parsed(night, record, folder):
    """One flipped byte: the file is named, and so is what puts it back; LightGBM never sees it."""
    flip_byte(folder / RANKER)
    with pytest.raises(
        ModelError,
        match=rf"ranker-home-night\.txt: SHA-256 is \w{{12}}…, expected \w{{12}}….*nothing of it "
        rf"was loaded; `python -m pipelines publish --run {night.id} --no-activate` puts",
    ):
        open_model(night.settings, record)


def test_a_ranker_of_another_model_is_refused(night, record, folder):
    """A ranker and its own checksum file, swapped together, are still not this model's."""
    for suffix in (".txt", ".json"):
        target = (folder / RANKER).with_suffix(suffix)
        other = folder / "models" / f"ranker-discover-night{suffix}"
        target.unlink()
        shutil.copyfile(other, target)
    assert "ranker-home-night.json: SHA-256 is" in find_damage(night.settings, record)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: (folder / RANKER).unlink(), "ranker-home-night.txt is missing"),
        (lambda folder: (folder / "manifest.json").unlink(), "manifest.json is missing"),
        (lambda folder: (folder / "models" / "x.npz").touch(), "x.npz is no file of this model"),
        (lambda folder: flip_byte(folder / "manifest.json"), "manifest.json: SHA-256 is"),
        (lambda folder: flip_byte(folder / "evaluation.json"), "evaluation.json: SHA-256 is"),
        (
            lambda folder: (folder / "evaluation").joinpath("more").symlink_to("/"),
            "more is no file of this model",
        ),
    ],
    ids=["missing", "lost manifest", "extra", "other manifest", "other figures", "link"],
)
def test_what_is_not_the_model_is_refused_by_name(night, record, folder, change, message):
    """A missing, extra, changed or linked file, and a manifest that is not the registered one."""
    change(folder)
    assert message in find_damage(night.settings, record)


def test_registering_again_puts_a_damaged_model_back(night, record, folder):
    """The run still has the bytes: the same id, whole again, and the history says so."""
    flip_byte(folder / RANKER)
    (folder / "manifest.json").unlink()
    again = register_run(night)
    assert (again.model, find_damage(night.settings, again)) == (record.model, "")
    assert read_registry(night.settings).history[-1].reason == (
        "its files were damaged: put back from the run"
    )


def test_a_damaged_run_makes_no_model(night):
    """What a run finished with decides: a model that was changed since is not registered."""
    flip_byte(night.path(RANKER))
    with pytest.raises(ModelError, match=r"ranker-home-night\.txt: SHA-256 .* --force --dry-run`"):
        register_run(night)


def test_figures_that_were_damaged_make_no_second_model(night, record):
    """A file that no hash of the run covers is known from its registered model."""
    flip_byte(night.path("evaluation", "users-home.parquet"))
    with pytest.raises(ModelError, match=r"users-home\.parquet: SHA-256 is"):
        register_run(night)
    assert len(read_registry(night.settings).models) == 1


def test_a_run_that_lacks_what_a_model_needs_says_so(night, tmp_path):
    """As one of older code does: no traceback, but the key and the way to a new model."""
    outputs = {k: v for k, v in night.manifest["outputs"].items() if k != "sql"}
    inputs = night.manifest["inputs"] | {"code": "0" * 64}
    changed = night.manifest | {"outputs": outputs, "inputs": inputs}
    write_json(night.path("manifest.json"), changed)
    with pytest.raises(ModelError) as caught:
        register_run(night)
    assert str(caught.value) == (
        f"{night.name} lacks what a model is made of ('sql'): it was damaged, or finished by "
        "older code; it cannot be made again as it was, since then code changed; `python -m "
        "pipelines night --as-of 2024-05-06T00:00:00 --dry-run` makes a new model of that moment"
    )


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda run: shutil.rmtree(run.directory),
            "its run is no longer on disk; `python -m pipelines night --as-of "
            "2024-05-06T00:00:00 --dry-run` makes it again as it was",
        ),
        (
            lambda run: flip_byte(run.path(RANKER)),
            "its run is damaged as well; `python -m pipelines night --as-of "
            "2024-05-06T00:00:00 --force --dry-run` makes it again as it was",
        ),
    ],
    ids=["run gone", "run damaged"],
)
def test_the_advice_fits_what_is_on_disk(night, record, folder, spoil, message):
    """Publishing the run is named only while that run is there and sound."""
    flip_byte(folder / RANKER)
    spoil(night)
    assert find_damage(night.settings, record).endswith(f"; {message}")


def test_only_whole_finished_runs_make_models(night):
    """A run of some surfaces, or one that is not finished, is refused."""
    night.path("stages", "finish.json").unlink()
    with pytest.raises(RunError, match="is no finished run of all surfaces"):
        register_run(night)
    night.finish("finish", {}, 0.0)
    write_json(night.path("manifest.json"), read_json(night.path("manifest.json")) | {
        "is_partial": True})  # fmt: skip
    with pytest.raises(RunError, match="is no finished run of all surfaces"):
        register_run(night)
