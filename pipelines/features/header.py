"""The YAML header of a SQL file: what the table means, for people and for checks."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from pipelines.features.header_yaml import load_yaml, yaml_line
from pipelines.features.problems import Problem, SqlFileError, near_or_known
from settings.durations import PositiveDuration

ColumnName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
_HEADER = re.compile(r"\A\s*/\*---\s*\n(?P<yaml>.*?)^---\*/[ \t]*$", re.DOTALL | re.MULTILINE)


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Between(_Strict):
    """Every value of *column* that is not null lies within min and max."""

    column: ColumnName
    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _has_a_bound(self) -> Between:
        if self.min is None and self.max is None:
            raise ValueError("between needs min, max or both")
        return self


class NotNull(_Strict):
    """No value of *column* is null."""

    column: ColumnName


class Values(_Strict):
    """Every value of *column* that is not null is one of *allowed*."""

    column: ColumnName
    allowed: list[str | float | bool]


class Unique(_Strict):
    """No two rows share the values of *columns*."""

    columns: Annotated[list[ColumnName], Field(min_length=1)]


class Check(_Strict):
    """One entry of `checks`: exactly one kind."""

    between: Between | None = None
    not_null: NotNull | None = None
    values: Values | None = None
    unique: Unique | None = None

    @model_validator(mode="after")
    def _is_one_kind(self) -> Check:
        kinds = self._kinds
        if len(kinds) != 1:
            raise ValueError(f"a check is one of {', '.join(Check.model_fields)}; found {kinds}")
        return self

    @property
    def _kinds(self) -> list[str]:
        return [name for name in Check.model_fields if getattr(self, name) is not None]

    @property
    def kind(self) -> str:
        return self._kinds[0]

    @property
    def columns(self) -> list[str]:
        if self.unique is not None:
            return list(self.unique.columns)
        check = self.between or self.not_null or self.values
        return [check.column] if check else []


class Drift(_Strict):
    """How far a column may move away from the last runs; null: what the settings say."""

    max_psi: Annotated[float, Field(ge=0)] | None = None
    max_null_share_change: Annotated[float, Field(ge=0, le=1)] | None = None
    action: Literal["warn", "stop"] = "warn"


class Header(_Strict):
    """What every SQL file declares; keys without a default are required."""

    description: Annotated[str, Field(min_length=1)]
    owner: Annotated[str, Field(min_length=1)]
    grain: Annotated[list[ColumnName], Field(min_length=1)]
    event_time: ColumnName | None  # column of events that decides freshness
    max_age: PositiveDuration | None  # of the newest such event before as_of; null: any
    columns: dict[ColumnName, Annotated[str, Field(min_length=1)]]
    checks: list[Check]
    online: bool = True  # the night publishes the values for lookups
    drift: Drift | None = None

    @field_validator("max_age")
    @classmethod
    def _is_of_events(cls, value: PositiveDuration, info: ValidationInfo) -> PositiveDuration:
        if value is not None and info.data.get("event_time") is None:
            raise ValueError("max_age needs an event_time whose age it limits")
        return value


def split_header(path: Path, text: str) -> tuple[Header, str]:
    """The header of a SQL file and the SQL behind it, which keeps its line numbers.

    Raises `SqlFileError` naming *path*, the line and the key.
    """
    match = _HEADER.match(text)
    if match is None:
        raise _refusal(
            path,
            1,
            "no header; a file starts with /*--- , YAML lines and ---*/ "
            "(see docs/reference/feature-sql.md)",
        )
    first_line = text[: match.start("yaml")].count("\n") + 1
    header = _parse(path, match["yaml"], first_line)
    blank = "\n" * text[: match.end()].count("\n")
    return header, blank + text[match.end() :]


def header_line(text: str, key: str) -> int:
    """Line of *text*, a whole file, on which the header has *key*."""
    return 1 + _line_of(text, [key])


def _parse(path: Path, text: str, first_line: int) -> Header:
    try:
        values = load_yaml(text)
    except yaml.YAMLError as error:
        raise _refusal(path, first_line + _marked_line(error), _not_yaml(error)) from None
    except RecursionError:
        raise _refusal(path, first_line, "the header is nested too deeply") from None
    if not isinstance(values, dict):
        raise _refusal(path, first_line, "the header is not a mapping of keys to values")
    try:
        header = Header.model_validate(values)
    except ValidationError as error:
        raise SqlFileError.listing(_explain(path, text, first_line, error)) from None
    unlisted = list(_unlisted(path, text, first_line, header))
    if unlisted:
        raise SqlFileError.listing(unlisted)
    return header


def _unlisted(path: Path, text: str, first_line: int, header: Header) -> Iterator[Problem]:
    """Columns that grain or checks name and `columns` does not."""
    named: list[tuple[str, Sequence[str | int], list[str]]] = [("grain", ["grain"], header.grain)]
    for number, check in enumerate(header.checks):
        named.append((f"check {check.kind}", ["checks", number], check.columns))
    add = "add it to columns, with a sentence"
    for who, where, columns in named:
        for column in (column for column in columns if column not in header.columns):
            near = near_or_known(column, [*header.columns])
            advice = f" Otherwise {add}" if near.endswith("?") else f"; {add}, or take it out here"
            message = f"{who} names the column {column}, which is not in columns; {near}{advice}"
            yield Problem(path, first_line - 1 + yaml_line(text, where), message)


def _refusal(path: Path, line: int, message: str) -> SqlFileError:
    return SqlFileError.listing([Problem(path, line, message)])


def _not_yaml(error: yaml.YAMLError) -> str:
    problem = getattr(error, "problem", None) or str(error)
    return f"the header is not valid YAML: {problem}"


def _marked_line(error: yaml.YAMLError) -> int:
    mark = getattr(error, "problem_mark", None)
    return mark.line if mark else 0


def _explain(path: Path, text: str, first_line: int, error: ValidationError) -> Iterator[Problem]:
    known = ", ".join(Header.model_fields)
    required = [name for name, field in Header.model_fields.items() if field.is_required()]
    for problem in error.errors():
        where = [str(part) for part in problem["loc"]]
        line = first_line + _line_of(text, where)
        key = ".".join(where) or "header"
        if problem["type"] == "missing":
            message = f"header key {key} is missing; required: {', '.join(required)}"
        elif problem["type"] == "extra_forbidden":
            message = f"unknown header key {key}{_near(where)}; known: {known}"
        else:
            reason = problem["msg"].removeprefix("Value error, ")
            message = f"header key {key}: {reason}{_found(problem)}"
        yield Problem(path, line, message)


def _near(where: list[str]) -> str:
    close = difflib.get_close_matches(where[0], Header.model_fields, n=1)
    return f" (did you mean {close[0]}?)" if close and len(where) == 1 else ""


def _found(problem: Any) -> str:
    found = problem["input"]
    return "" if isinstance(found, dict) else f"; found {found!r}"


def _line_of(text: str, where: list[str]) -> int:
    """Line of the deepest part of *where* that stands in *text* as a key, else 0."""
    for key in reversed(where):
        for number, line in enumerate(text.splitlines()):
            if re.match(rf"[\s\-]*{re.escape(key)}\s*:", line):
                return number
    return 0
