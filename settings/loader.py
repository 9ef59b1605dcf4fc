"""One TOML file, environment overrides, and errors that say what to change.

`Settings.read(SectionClass)` gives a package its own `[section]` as a frozen object.
`NIGHTSHELF__STORE__URL=redis://…` overrides `url` of `[store]`;
deeper tables take more parts (`NIGHTSHELF__CANDIDATES__ALS__FACTORS=64`).
Between the defaults and the file stands what `python -m pipelines tune` has found,
in a file of its own beside it, `nightshelf.tuned.toml`.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from settings.errors import NightshelfError
from settings.schema import NAME_IN_WORDS, NAME_PATTERN, describe, schema_at

ENV_PREFIX = "NIGHTSHELF__"
SETTINGS_FILE_VARIABLE = "NIGHTSHELF_SETTINGS"
DEFAULT_FILE = Path("nightshelf.toml")
TUNED_SUFFIX = ".tuned.toml"
TUNED_SECTIONS = ("candidates", "ranking")  # all that tuning may decide

# Who reads them is the readers' business; that they exist is checked here,
# so that a misspelt table cannot be silently ignored.
SECTION_NAMES = (
    "project",
    "source",
    "event_log",
    "collect",
    "events",
    "night",
    "features",
    "quality",
    "drift",
    "candidates",
    "ranking",
    "evaluation",
    "measure",
    "tuning",
    "simulate",
    "surfaces",
    "lists",
    "reasons",
    "similar",
    "vectors",
    "gate",
    "registry",
    "online_features",
    "publish",
    "refresh",
    "retention",
    "mlflow",
    "store",
    "serving",
    "intake",
    "limits",
    "cors",
    "access",
    "metrics",
    "logs",
    "traces",
)


class SettingsError(NightshelfError):
    """A key of the settings is unknown, of a wrong type or out of range."""


class Section(BaseModel):
    """Base of every section: frozen, strict about types, closed to unknown keys."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    section_name: ClassVar[str] = ""


SectionT = TypeVar("SectionT", bound=BaseModel)


@dataclass(frozen=True)
class Settings:
    """The tables of one settings file, with the overrides of the environment."""

    path: Path
    tables: Mapping[str, Any]  # written by hand: the file and the environment
    overrides: Mapping[tuple[str, ...], str]  # (section, key, …) → text of the variable
    tuned: Mapping[str, Any] = field(default_factory=dict)  # found by tuning; the others win

    def read(self, section: type[SectionT]) -> SectionT:
        """The table `section.section_name` as *section*.

        Raises `SettingsError` naming file, key, value and what is allowed.
        """
        name: str = getattr(section, "section_name", "")
        table = _merge(self.tuned.get(name, {}), self.tables.get(name, {}))
        try:
            return section.model_validate(table)
        except ValidationError as error:
            raise SettingsError(self._explain(section, name, table, error)) from None

    @property
    def tuned_path(self) -> Path:
        """The file beside the settings file that tuning writes."""
        return self.path.with_suffix(TUNED_SUFFIX)

    def without_tuned(self) -> Settings:
        """These settings as they would be if nothing had been tuned."""
        return replace(self, tuned={})

    def is_written(self, where: tuple[str, ...]) -> bool:
        """Whether the key at *where* (section, key, …) stands in the file or the environment."""
        return _stands_in(self.tables, where)

    def resolve(self, path: str) -> Path:
        """*path* of the settings, relative to the folder of the settings file."""
        return (self.path.parent / path).resolve()

    def only(self, table: str, keys: Collection[str]) -> Settings:
        """These settings with nothing but *keys* in *table*; keys it lacks are not added."""
        kept = {key: value for key, value in self.tables.get(table, {}).items() if key in keys}
        return replace(self, tables={**self.tables, table: kept})

    def fingerprint(self, *sections: type[BaseModel]) -> str:
        """SHA-256 of the values that *sections* read, defaults included."""
        values = {
            getattr(section, "section_name", ""): self.read(section).model_dump(mode="json")
            for section in sections
        }
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()

    def _explain(
        self, section: type[BaseModel], name: str, table: Any, error: ValidationError
    ) -> str:
        schema = section.model_json_schema()
        lines = []
        for problem in error.errors():
            where = tuple(str(part) for part in problem["loc"])
            origin = self._origin((name, *where))
            key = ".".join((name, *where))
            if problem["type"] == "extra_forbidden":
                known = list(schema_at(schema, where[:-1]).get("properties", {}))
                lines.append(f"{origin}: unknown key {key}{_did_you_mean(where[-1], known)}")
            elif problem["type"] == "missing":
                allowed = describe(schema_at(schema, where), schema)
                lines.append(f"{origin}: {key} is missing; expected {allowed}")
            elif where[-1:] == ("[key]",):  # a name that somebody chose
                pattern = problem.get("ctx", {}).get("pattern", "")
                allowed = NAME_IN_WORDS if pattern == NAME_PATTERN else problem["msg"]
                table, chosen = ".".join((name, *where[:-2])), where[-2]
                lines.append(f'{origin}: {table} has the name "{chosen}": expected {allowed}')
            else:
                found = _hide_password(
                    json.dumps(problem["input"], default=str, ensure_ascii=False)
                )
                allowed = describe(schema_at(schema, where), schema) or problem["msg"]
                detail = problem["msg"].removeprefix("Value error, ")
                lines.append(f"{origin}: {key} = {found}: expected {allowed} ({detail})")
        return "\n".join(lines)

    def _origin(self, where: tuple[str, ...]) -> str:
        for length in range(len(where), 0, -1):
            if where[:length] in self.overrides:
                return f"environment variable {_variable(where[:length])}"
        for override in self.overrides:
            if override[: len(where)] == where:  # it made or changed a table
                return f"{self.path} with environment variable {_variable(override)}"
        is_tuned = not self.is_written(where) and _stands_in(self.tuned, where)
        return str(self.tuned_path if is_tuned else self.path)


def load_settings(
    path: Path | str | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """Settings of *path*, else of `$NIGHTSHELF_SETTINGS`, else of `nightshelf.toml`.

    The file of tuned values beside it is read where there is one.
    Raises `SettingsError` when a file cannot be read, is not TOML or has an unknown table,
    and when a variable names a key within what is no table.
    """
    environ = os.environ if environ is None else environ
    file = Path(path or environ.get(SETTINGS_FILE_VARIABLE) or DEFAULT_FILE).resolve()
    tables = _read_tables(file, SECTION_NAMES)
    tuned = file.with_suffix(TUNED_SUFFIX)
    overrides = _read_overrides(environ)
    for where, text in overrides.items():
        _apply_override(tables, where, text)
    found = _read_tables(tuned, TUNED_SECTIONS) if tuned.exists() else {}
    return Settings(path=file, tables=tables, overrides=overrides, tuned=found)


def _read_tables(file: Path, sections: Collection[str]) -> dict[str, Any]:
    """The tables of a TOML *file*, which may have those of *sections*."""
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            f"{file}: no such settings file; name one with --settings or {SETTINGS_FILE_VARIABLE}"
        ) from None
    except OSError as error:
        raise SettingsError(
            f"{file}: cannot be read ({error.strerror}); expected a TOML file: "
            f"name one with --settings or {SETTINGS_FILE_VARIABLE}"
        ) from None
    except UnicodeDecodeError as error:
        raise SettingsError(
            f"{file}: not UTF-8 text (byte {error.start}); save the file as UTF-8"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file}: not valid TOML: {error}") from None
    for name, table in tables.items():
        if name not in sections:
            raise SettingsError(f"{file}: unknown table [{name}]{_did_you_mean(name, sections)}")
        if not isinstance(table, dict):
            raise SettingsError(f"{file}: {name} = {table!r} stands outside of any [table]")
    return tables


def _merge(below: Any, above: Any) -> Any:
    """*above* with the keys that only *below* has; tables within are merged likewise."""
    if not (isinstance(below, Mapping) and isinstance(above, Mapping)):
        return above
    merged = {key: _merge(below[key], above[key]) for key in below.keys() & above.keys()}
    return {**below, **above, **merged}


def _stands_in(tables: Mapping[str, Any], where: tuple[str, ...]) -> bool:
    found: Any = tables
    for part in where:
        if not isinstance(found, Mapping) or part not in found:
            return False
        found = found[part]
    return True


def _read_overrides(environ: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    overrides = {}
    for variable in sorted(environ):
        if not variable.startswith(ENV_PREFIX):
            continue
        where = tuple(variable[len(ENV_PREFIX) :].lower().split("__"))
        if len(where) < 2 or where[0] not in SECTION_NAMES:
            raise SettingsError(
                f"environment variable {variable}: no table [{where[0]}]"
                f"{_did_you_mean(where[0], SECTION_NAMES)}; expected {ENV_PREFIX}<TABLE>__<KEY>"
            )
        overrides[where] = environ[variable]
    return overrides


def _apply_override(tables: dict[str, Any], where: tuple[str, ...], text: str) -> None:
    table = tables
    for depth, part in enumerate(where[:-1], start=1):
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise SettingsError(
                f"environment variable {_variable(where)}: {'.'.join(where[:depth])} is no table "
                f"but a value; expected {_variable(where[:depth])}"
            )
    table[where[-1]] = _parse_override(text)


def _variable(where: tuple[str, ...]) -> str:
    return f"{ENV_PREFIX}{'__'.join(where).upper()}"


def _parse_override(text: str) -> Any:
    """*text* as a TOML value (`5`, `true`, `[1, 2]`, a date); a plain word is a string."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _hide_password(text: str) -> str:
    """*text* without what stands between `//` and `@` of an address, or after `password=`."""
    text = re.sub(r"//\S*@", "//***@", text)
    return re.sub(r'([?&]password=)[^&\s"]*', r"\1***", text)


def _did_you_mean(word: str, known: Any) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; expected one of {', '.join(known)}" if known else ""
