"""Which files of the folder a command line means: by path, or by the table's name."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from pathlib import Path

from pipelines.features.folder import feature_paths
from pipelines.features.problems import SqlFileError


def choose_paths(directory: Path, wanted: Collection[str]) -> list[Path]:
    """Paths of *wanted* in the folder *directory*; all of them when *wanted* is empty.

    Raises `SqlFileError` for one that is not there, with the nearest name.
    """
    paths = [*feature_paths(directory), *sorted((directory / "staging").glob("*/*.sql"))]
    return [_find(paths, directory, text) for text in wanted] if wanted else paths


def _find(paths: list[Path], directory: Path, text: str) -> Path:
    for path in paths:
        relative = path.relative_to(directory).with_suffix("").as_posix()
        if text in (path.stem, relative) or Path(text).resolve() == path:
            return path
    close = difflib.get_close_matches(Path(text).stem, [path.stem for path in paths], n=1)
    hint = f"; did you mean {close[0]}?" if close else "; name a file or its table"
    raise SqlFileError(f"{text}: no SQL file of {directory}{hint}")
