"""`features new`: a file and its case that pass as they are, to be edited from there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from pipelines.authoring.check import check_files
from pipelines.authoring.name_windows import UNITS, WINDOW
from pipelines.authoring.new_texts import new_case, new_sql
from pipelines.authoring.trial import failures_of
from pipelines.features.build import features_directory
from pipelines.features.folder import BASE_TABLES, feature_paths, load_folder
from pipelines.features.problems import SqlFileError
from pipelines.features.settings import FeatureSettings
from pipelines.features.sql_file import GRAINS, SqlFile
from pipelines.files import replacing
from settings import Settings

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LOOKS_LIKE_WINDOW = re.compile(r"_\d+[a-z]*$")


def new_feature(settings: Settings, name: str, *, owner: str | None = None) -> tuple[Path, Path]:
    """Writes the SQL file *name* (`user/user_weekend_share_90d`) and its cases; their paths.

    The folder is the grain, the end of the name the window; *owner* empty: who owns most files.

    Raises `SqlFileError` for a name that is taken or breaks a rule; nothing is written then.
    """
    directory = features_directory(settings)
    files = load_folder(directory)
    folder, _, stem = name.removesuffix(".sql").partition("/")
    window = _window(name, folder, stem)
    sql_path = directory / folder / f"{stem}.sql"
    case_path = settings.resolve(settings.read(FeatureSettings).cases) / f"{stem}.yaml"
    _check_free(stem, directory, case_path)
    texts = {
        sql_path: new_sql(folder, stem, window, owner or _most_common_owner(files)),
        case_path: new_case(folder, stem, window),
    }
    with ExitStack() as undo:
        for path, text in texts.items():
            undo.callback(path.unlink, missing_ok=True)
            with replacing(path) as beside:
                beside.write_text(text, encoding="utf-8")
        _check_sound(settings, directory, stem)
        undo.pop_all()  # both are sound: they stay
    return sql_path, case_path


def _window(name: str, folder: str, stem: str) -> timedelta | None:
    """The window that the name ends in; None for all of history."""
    if folder not in GRAINS or not stem:
        raise SqlFileError(
            f"{name}: expected a folder and a name, such as user/user_weekend_share_90d; folders: "
            f"{', '.join(GRAINS)}"
        )
    if not _NAME.fullmatch(stem) or len(stem) > 63:
        raise SqlFileError(
            f"{name}: the name {stem!r} takes small letters, digits and single _ between them, "
            "begins with a letter and has at most 63 characters"
        )
    match = WINDOW.search(stem)
    if match is None:
        if _LOOKS_LIKE_WINDOW.search(stem):
            raise SqlFileError(f"{name}: a window is written like _24h, _30d or _4w")
        return None
    if folder == "label":
        raise SqlFileError(
            f"{name}: the window of a label is [night] horizon, from $as_of to $until; leave "
            f"{match[0]} out of its name"
        )
    try:
        window = int(match[1]) * UNITS[match[2]]
    except OverflowError:
        window = timedelta.max
    if not timedelta(0) < window <= timedelta(days=3660):
        raise SqlFileError(f"{name}: a window of {match[0][1:]}; expected one hour to ten years")
    return window


def _check_free(stem: str, directory: Path, case_path: Path) -> None:
    if stem in BASE_TABLES:
        raise SqlFileError(f"{stem} is a table of the lake; choose another name")
    taken = [path for path in feature_paths(directory) if path.stem == stem]
    taken += [case_path] if case_path.exists() else []
    if taken:
        raise SqlFileError(f"{taken[0]} is there already; choose another name, or edit that one")


def _most_common_owner(files: Mapping[str, SqlFile]) -> str:
    return Counter(file.header.owner for file in files.values()).most_common(1)[0][0]


def _check_sound(settings: Settings, directory: Path, stem: str) -> None:
    """Raises `SqlFileError` when what was written does not pass, as with a table of a like name."""
    problems = [problem for problem in check_files(settings, [stem]) if not problem.is_note]
    if problems:
        raise SqlFileError.listing(problems)
    files = load_folder(directory)
    failures = list(failures_of(files[stem], files, settings))
    if failures:
        raise SqlFileError("\n".join(failures))
