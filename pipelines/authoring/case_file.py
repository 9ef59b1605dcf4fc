"""Case files: rows that a SQL file is given, and the rows that it must make of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from pipelines.features.header_yaml import load_yaml, yaml_line
from pipelines.features.problems import Problem, SqlFileError, near_or_known
from pipelines.features.sql_file import SqlFile
from pipelines.moments import Timezone

Row = Mapping[str, Any]


class _WrittenCase(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    as_of: datetime | None = None
    until: datetime | None = None
    timezone: Timezone = "UTC"
    given: dict[str, list[dict[str, Any]]]
    expect: list[dict[str, Any]]


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    cases: list[_WrittenCase]


@dataclass(frozen=True)
class Case:
    """One case and the SQL file that it is about."""

    file: SqlFile
    name: str
    binds: Mapping[str, datetime | str]
    given: Mapping[str, list[Row]]
    expect: list[Row]
    path: Path = Path()  # of the file that it stands in
    text: str = field(default="", repr=False)  # of that file
    number: int = 0  # from 0

    def problem(self, message: str, *where: str | int) -> Problem:
        """*message* about the part *where* of the case, at its line."""
        line = yaml_line(self.text, ["cases", self.number, *where])
        return Problem(self.path, line, f"case {self.name!r}: {message}")

    @property
    def limit(self) -> datetime | None:
        """The moment from which on the file may see nothing; None for a staging file."""
        limit = self.binds.get("until" if self.file.is_label else "as_of")
        return limit if isinstance(limit, datetime) else None


def plain_moment(value: object) -> datetime | None:
    """A moment of a case as a naive one in UTC, a day as its beginning; None for anything else."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    return datetime(value.year, value.month, value.day) if isinstance(value, date) else None


def case_path(directory: Path, file: SqlFile) -> Path:
    """Where in *directory* the cases of *file* are."""
    is_staging = file.path.parent.parent.name == "staging"
    prefix = f"staging_{file.folder}_" if is_staging else ""
    return directory / f"{prefix}{file.name}.yaml"


def read_cases(path: Path, file: SqlFile) -> list[Case]:
    """The cases at *path*, which are those of *file*.

    Raises `SqlFileError` when there are none, and for keys, tables or moments that are missing.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise _refusal(
            file.path, f"has no cases; write some to {path}: given rows and the rows expected"
        ) from None
    try:
        values = load_yaml(text)
        written = _Written.model_validate(values)
    except yaml.YAMLError as error:
        raise SqlFileError.listing([_not_yaml(path, error)]) from None
    except RecursionError:
        raise _refusal(path, "not valid YAML: nested too deeply") from None
    except ValidationError as error:
        raise SqlFileError.listing(_explain(path, text, values, error)) from None
    if not written.cases:
        raise _refusal(path, "an empty list of cases; write one")
    return [_case(path, text, number, file, case) for number, case in enumerate(written.cases)]


def _case(path: Path, text: str, number: int, file: SqlFile, written: _WrittenCase) -> Case:
    moments = {"as_of": plain_moment(written.as_of), "until": plain_moment(written.until)}
    binds: dict[str, datetime | str] = {"timezone": written.timezone}
    binds |= {name: moment for name, moment in moments.items() if moment is not None}
    given: dict[str, list[Row]] = {table: [*rows] for table, rows in written.given.items()}
    case = Case(file, written.name, binds, given, [*written.expect], path, text, number)
    missing = sorted(file.parameters - set(binds))
    if missing:
        raise SqlFileError.listing([case.problem(f"gives no {', '.join(missing)}")])
    if set(given) != file.dependencies:
        message = (
            f"gives the tables {sorted(given)}, the file reads {sorted(file.dependencies)}; list "
            "each, [] for an empty one"
        )
        raise SqlFileError.listing([case.problem(message, "given")])
    return case


def _not_yaml(path: Path, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    reason = getattr(error, "problem", None) or " ".join(str(error).split())
    hint = ""
    if "mapping values" in reason:
        hint = '; a text with a colon and a space in it stands in quotes, such as name: "so: it is"'
    elif isinstance(error, yaml.scanner.ScannerError):
        hint = "; a text with one of : # { } [ ] , & * ' \" in it stands in quotes"
    return Problem(path, mark.line + 1 if mark else 1, f"not valid YAML: {reason}{hint}")


def _explain(path: Path, text: str, values: Any, error: ValidationError) -> Iterator[Problem]:
    for problem in error.errors():
        where = list(problem["loc"])
        in_case = where[:1] == ["cases"] and len(where) > 1
        known = [*(_WrittenCase if in_case else _Written).model_fields]
        key = ".".join(map(str, where[2:] if in_case else where)) or "the file"
        if problem["type"] == "extra_forbidden":
            message = f"unknown key {key}; {near_or_known(key, known)}"
        elif problem["type"] == "missing":
            message = f"the key {key} is missing; a case has {', '.join(known)}"
            message = message if in_case else f"the key {key} is missing; write cases: and a list"
        else:
            message = f"{key}: {problem['msg']}; found {str(problem['input'])[:60]!r}"
        about = f"{_called(values, where[1])}: " if in_case else ""
        yield Problem(path, yaml_line(text, where), f"{about}{message}")


def _called(values: Any, number: int | str) -> str:
    """How people know the case *number*, counted from 0: by its name, if it has one."""
    case = values["cases"][number]
    name = case.get("name") if isinstance(case, Mapping) else None
    return f"case {name!r}" if name else f"case {int(number) + 1}"


def _refusal(path: Path, message: str) -> SqlFileError:
    return SqlFileError.listing([Problem(path, 1, message)])
