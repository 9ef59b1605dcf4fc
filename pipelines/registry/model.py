"""A model version: the files of a finished run that make lists, which never change again.

LightGBM reads a damaged text without complaint, or crashes the process. So nothing of a model
is parsed before every file has the SHA-256 of its manifest, and the manifest that of the registry.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.files import hash_file, read_json
from pipelines.ranking.ranker import Ranker, load_ranker
from pipelines.registry.registry import ModelRecord, models_directory
from pipelines.registry.remedy import put_back_model
from settings import Settings
from settings.errors import NightshelfError

MANIFEST = "manifest.json"


class ModelError(NightshelfError):
    """A model's file is damaged, missing, or not its own."""


@dataclass(frozen=True)
class Model:
    """A model whose files have been checked."""

    id: str
    directory: Path
    manifest: Mapping[str, Any]
    settings: Settings

    @property
    def run_id(self) -> str:
        return str(self.manifest["run_id"])

    @property
    def window(self) -> tuple[str, str]:
        """First moment of the evaluated window and the first after it, ISO."""
        return self.manifest["window"]["from"], self.manifest["window"]["until"]

    @property
    def surfaces(self) -> list[str]:
        return list(self.manifest["metrics"])

    def users_file(self, surface: str) -> Path:
        """Metrics of each user and model on *surface*; runs of older code have no such file."""
        return self.directory / "evaluation" / f"users-{surface}.parquet"

    def columns(self, surface: str, purpose: str) -> list[str]:
        """What the ranker's matrix has to have, in order."""
        description = self._ranker_path(surface, purpose).with_suffix(".json")
        return list(read_json(description)["columns"])

    def ranker(self, surface: str, purpose: str) -> Ranker:
        """*purpose*: `evaluated` or `night`, as in `pipelines.ranking.train`."""
        return load_ranker(self._ranker_path(surface, purpose))

    def _ranker_path(self, surface: str, purpose: str) -> Path:
        return self.directory / "models" / f"ranker-{surface}-{purpose}.txt"


def open_model(settings: Settings, record: ModelRecord) -> Model:
    """The model of *record*, every byte of it checked before any of it is parsed.

    Raises `ModelError` naming the file that is damaged, missing, too many or swapped, and what
    puts it back.
    """
    manifest = read_manifest(settings, record)
    directory = models_directory(settings) / record.model
    files = {name: file["sha256"] for name, file in manifest["files"].items()}
    try:
        _check_names(directory, set(files))
        for name, sha256 in files.items():
            _check_hash(directory / name, sha256)
    except ModelError as error:
        remedy = put_back_model(settings, record, files, manifest["inputs"])
        raise ModelError(f"{error}; {remedy}") from None
    return Model(record.model, directory, manifest, settings)


def read_manifest(settings: Settings, record: ModelRecord) -> Mapping[str, Any]:
    """Where the model of *record* comes from and its figures, whatever became of its other files.

    Raises `ModelError` when the manifest itself is missing or not the registered one.
    """
    path = models_directory(settings) / record.model / MANIFEST
    try:
        _check_hash(path, record.manifest_sha256)
    except ModelError as error:
        remedy = put_back_model(settings, record, {}, {})
        raise ModelError(f"{error}; {remedy}") from None
    manifest: Mapping[str, Any] = read_json(path)
    return manifest


def find_damage(settings: Settings, record: ModelRecord) -> str:
    """What is wrong with the model of *record*, empty when nothing is."""
    try:
        open_model(settings, record)
    except ModelError as error:
        return str(error)
    return ""


def _check_names(directory: Path, expected: set[str]) -> None:
    found = {path.relative_to(directory).as_posix() for path in _files(directory)} - {MANIFEST}
    if missing := sorted(expected - found):
        raise ModelError(f"{directory / missing[0]} is missing")
    if strange := sorted(found - expected):
        raise ModelError(
            f"{directory / strange[0]} is no file of this model; move it away if you know where it "
            "comes from"
        )


def _files(directory: Path) -> Iterator[Path]:
    """Everything but folders; a link to a folder counts as a file, which is then too many."""
    return (path for path in directory.rglob("*") if path.is_symlink() or not path.is_dir())


def _check_hash(path: Path, expected: str) -> None:
    if not path.exists():
        raise ModelError(f"{path} is missing")
    found = "of a link" if path.is_symlink() else hash_file(path)
    if found != expected:
        raise ModelError(
            f"{path}: SHA-256 is {found[:12]}…, expected {expected[:12]}…: it was damaged or "
            "swapped, and nothing of it was loaded"
        )
