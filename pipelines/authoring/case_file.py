"""Case files: rows that a SQL file is given, and the rows that it must make of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from pipelines.features.header_yaml import load_yaml
from pipelines.features.problems import Problem, SqlFileError
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

    @property
    def limit(self) -> datetime | None:
        """The moment from which on the file may see nothing; None for a staging file."""
        limit = self.binds.get("until" if self.file.is_label else "as_of")
        return limit if isinstance(limit, datetime) else None


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
        written = _Written.model_validate(load_yaml(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise _refusal(
            file.path, f"has no cases; write some to {path}: given rows and the rows expected"
        ) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise _refusal(path, f"not valid YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        raise SqlFileError.listing(_explain(path, error)) from None
    if not written.cases:
        raise _refusal(path, "an empty list of cases; write one")
    return [_case(path, file, case) for case in written.cases]


def _case(path: Path, file: SqlFile, written: _WrittenCase) -> Case:
    moments = {"as_of": written.as_of, "until": written.until}
    binds: dict[str, datetime | str] = {"timezone": written.timezone}
    binds |= {name: moment for name, moment in moments.items() if moment is not None}
    missing = sorted(file.parameters - set(binds))
    if missing:
        raise _refusal(path, f"case {written.name!r}: gives no {', '.join(missing)}")
    if set(written.given) != file.dependencies:
        raise _refusal(
            path,
            f"case {written.name!r}: gives the tables {sorted(written.given)}, the file reads "
            f"{sorted(file.dependencies)}; list each, [] for an empty one",
        )
    given: dict[str, list[Row]] = {table: [*rows] for table, rows in written.given.items()}
    return Case(file, written.name, binds, given, [*written.expect])


def _explain(path: Path, error: ValidationError) -> list[Problem]:
    return [
        Problem(path, 1, f"{'.'.join(map(str, problem['loc'])) or 'the file'}: {problem['msg']}")
        for problem in error.errors()
    ]


def _refusal(path: Path, message: str) -> SqlFileError:
    return SqlFileError.listing([Problem(path, 1, message)])
