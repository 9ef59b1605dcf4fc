"""Case files that nobody runs any more: the SQL that they are about is gone."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

from pipelines.features.build import features_directory
from pipelines.features.folder import feature_paths
from pipelines.features.problems import Problem
from pipelines.features.settings import FeatureSettings
from settings import Settings


def orphaned_cases(settings: Settings) -> Iterator[Problem]:
    """A problem for each case file without a file of SQL, by name; broken files count as there.

    Cases of a staging source that has no folder are left alone: its SQL is in another one.
    """
    directory = features_directory(settings)
    cases = settings.resolve(settings.read(FeatureSettings).cases)
    names = {path.stem for path in feature_paths(directory)} | set(_staging_names(directory))
    for path in sorted(cases.glob("*.yaml")):
        if path.stem not in names and not _is_of_elsewhere(path.stem, directory):
            close = difflib.get_close_matches(path.stem, sorted(names), n=1)
            hint = f" (is it {close[0]} now?)" if close else ""
            message = (
                f"has cases of {path.stem}, of which there is no SQL in {directory}{hint}; remove "
                "the file, or name it as its SQL"
            )
            yield Problem(path, 1, message)


def _staging_names(directory: Path) -> Iterator[str]:
    """As case files of staging SQL are called."""
    for path in (directory / "staging").glob("*/*.sql"):
        yield f"staging_{path.parent.name}_{path.stem}"


def _is_of_elsewhere(name: str, directory: Path) -> bool:
    sources = [path.name for path in (directory / "staging").glob("*")]
    ours = tuple(f"staging_{source}_" for source in sources)
    return name.startswith("staging_") and not name.startswith(ours)
