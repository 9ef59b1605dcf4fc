"""What a folder of SQL is compared with: its files in a commit, or those that a run kept."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.features.build import SQL, features_directory
from pipelines.features.folder import read_folder
from pipelines.features.problems import SqlFileError
from pipelines.features.sql_file import SqlFile
from pipelines.runs import list_runs, open_run
from settings import Settings
from settings.errors import NightshelfError

_OR_A_RUN = "compare with a run instead: --against RUN (`python -m pipelines runs` names them)"


class DiffError(NightshelfError):
    """There is nothing that the folder can be compared with."""


@dataclass(frozen=True)
class Base:
    """The files as they were, and what people call that state."""

    name: str  # `commit 1a2b3c4d` or `run 20180101T…`
    directory: Path
    files: Mapping[str, SqlFile]


def open_base(settings: Settings, against: str | None, scratch: Path) -> Base:
    """The folder as of *against*, a run or whatever git takes for a commit (default: HEAD).

    Files of a commit are written below *scratch*.

    Raises `DiffError` without git, a repository, such a commit, or SQL in the run; `SqlFileError`
    when the files of then break a rule of now.
    """
    if against in list_runs(settings):
        directory = open_run(settings, against).path(SQL)
        if not directory.is_dir():
            raise DiffError(f"{against} has no copy of its SQL: its features were never built")
        return _read(f"run {against}", directory)
    folder = features_directory(settings)
    revision = against or "HEAD"
    top = Path(_git(folder, "rev-parse", "--show-toplevel").decode().strip())
    commit = _find_commit(folder, revision)
    inside = folder.relative_to(top.resolve()).as_posix()
    tree = commit if inside == "." else f"{commit}:{inside}"
    try:
        archive = _git(top, "archive", "--format=tar", tree)
    except DiffError:
        raise DiffError(f"{revision} has no folder {inside}; name a later one") from None
    directory = scratch / "then"
    _unpack(archive, directory)
    return _read(f"commit {commit[:8]}", directory)


def _unpack(archive: bytes, directory: Path) -> None:
    """Plain files below *directory*; links and names that lead out of it are left alone."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as members:
        for member in members:
            target = (directory / member.name).resolve()
            content = members.extractfile(member) if member.isfile() else None
            if content is not None and target.is_relative_to(directory.resolve()):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read())


def _read(name: str, directory: Path) -> Base:
    files, problems = read_folder(directory)
    if problems:
        listed = "\n".join(
            f"{problem.path.relative_to(directory)}:{problem.line}: {problem.message}"
            for problem in problems
        )
        raise SqlFileError(f"the SQL of {name} breaks rules of today:\n{listed}")
    return Base(name, directory, files)


def _find_commit(folder: Path, revision: str) -> str:
    wanted = f"{revision}^{{commit}}"
    try:
        found = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", wanted)
    except DiffError:
        raise DiffError(f"{revision} is neither a run nor a commit of {folder}") from None
    return found.decode().strip()


def _git(folder: Path, *arguments: str) -> bytes:
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, check=False, env={**os.environ, "LC_ALL": "C"}
        )
    except FileNotFoundError:
        raise DiffError(f"git is not installed; {_OR_A_RUN}") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().partition("\n")[0]
        raise DiffError(f"{folder}: git says: {said or 'nothing'}; {_OR_A_RUN}")
    return done.stdout
