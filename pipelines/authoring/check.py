"""`features check`: every rule that needs no data, for the whole folder, in a second or two."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from sqlglot import exp
from sqlglot.errors import ErrorLevel, UnsupportedError

from pipelines.authoring.bind import bind_problems
from pipelines.authoring.choose import choose_paths
from pipelines.authoring.name_windows import other_windows
from pipelines.authoring.new_texts import EXAMPLE
from pipelines.authoring.orphans import orphaned_cases
from pipelines.features.build import features_directory
from pipelines.features.folder import read_folder
from pipelines.features.header import header_line
from pipelines.features.parse import line_of
from pipelines.features.problems import Problem, SqlFileError
from pipelines.features.sql_file import SqlFile, load_sql_file
from settings import Settings

# What the rows of a folder are about, and the columns that say so in a grain.
_ABOUT = {"user": {"user"}, "item": {"item"}, "user_item": {"user", "item"}}
_USER_KEYS = {"user_id", "segment"}
_ITEM_KEYS = {"item_id", "title", "category"}


def check_files(settings: Settings, only: Collection[str] = ()) -> list[Problem]:
    """Broken rules and notes of the folder, or of the files or tables *only*, by place.

    The whole folder is read in any case, since files read each other.

    Raises `SqlFileError` for a file that is not in the folder.
    """
    directory = features_directory(settings)
    wanted = set(choose_paths(directory, only))
    files, problems = read_folder(directory)
    problems += staging_problems(directory)
    problems += orphaned_cases(settings)
    problems += [problem for file in files.values() for problem in grain_problems(file)]
    problems += bind_problems(files, settings, directory)
    problems += [note for file in files.values() for note in notes(file)]
    return sorted(p for p in set(problems) if not only or p.path in wanted)


def staging_problems(directory: Path) -> Iterator[Problem]:
    """What is wrong with staging files by themselves; their raw tables are not known here."""
    for path in sorted((directory / "staging").glob("*/*.sql")):
        try:
            load_sql_file(path)
        except SqlFileError as error:
            yield from error.problems


def grain_problems(file: SqlFile) -> Iterator[Problem]:
    """A grain that does not fit the folder, or names a column twice."""
    grain = file.header.grain
    line = header_line(file.path.read_text(encoding="utf-8"), "grain")
    if len(set(grain)) < len(grain):
        yield Problem(file.path, line, f"the grain {grain} names a column twice")
    if file.is_label:
        if set(grain) not in ({"user_id"}, {"user_id", "item_id"}):
            message = f"a label has the grain [user_id] or [user_id, item_id], found {grain}"
            yield Problem(file.path, line, message)
        return
    about = _ABOUT[file.folder]
    found = {"user" for name in grain if name in _USER_KEYS}
    found |= {"item" for name in grain if name in _ITEM_KEYS}
    if set(grain) <= _USER_KEYS | _ITEM_KEYS and found != about:
        folder = "user_item" if found == {"user", "item"} else "".join(found)
        message = f"the grain {grain} belongs to the folder {folder}/, not to {file.folder}/"
        yield Problem(file.path, line, message)


def notes(file: SqlFile) -> Iterator[Problem]:
    """Remarks that refuse nothing."""
    yield from portability_notes(file)
    yield from other_windows(file)
    if EXAMPLE in file.header.description:
        line = header_line(file.path.read_text(encoding="utf-8"), "description")
        message = "the description is still that of the example; say what this table holds"
        yield Problem(file.path, line, message, is_note=True)


def portability_notes(file: SqlFile) -> Iterator[Problem]:
    """What Spark would not take as it stands, or would take for something else."""
    try:
        file.query.sql(dialect="spark", unsupported_level=ErrorLevel.RAISE)
    except UnsupportedError as error:
        yield _note(file, 1, " ".join(str(error).split()))
    except RecursionError:
        yield _note(file, 1, "the query is nested too deeply to be translated")
    for node in file.query.find_all(exp.ArrayAgg):
        if node.find(exp.Order) is not None:
            yield _note(file, line_of(node), "list(… order by …) loses its order there")
    for join in file.query.find_all(exp.Join):
        if join.method == "ASOF":
            yield _note(file, line_of(join), "it has no asof join")


def _note(file: SqlFile, line: int, message: str) -> Problem:
    return Problem(file.path, line, f"for Spark: {message}", is_note=True)
