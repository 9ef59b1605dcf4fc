"""From the names that somebody writes to tables of `feature_sql` and their columns."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, TypeAlias

from pipelines.features.sql_file import SqlFile
from pipelines.training_sets.spine import SpineError

# How old a value may be: as its header says, anything, or one limit for all tables.
MaxAge: TypeAlias = timedelta | Literal["header", "any"]


@dataclass(frozen=True)
class ChosenTable:
    """A table of the folder and the columns of it that are wanted."""

    file: SqlFile
    columns: tuple[str, ...]

    @property
    def grain(self) -> tuple[str, ...]:
        return tuple(self.file.header.grain)

    @property
    def names(self) -> list[str]:
        """Of the features, as the training set calls them."""
        return [f"{self.file.name}.{column}" for column in self.columns]

    def limit(self, max_age: MaxAge) -> timedelta | None:
        """The most that a value's moment may lie before the row's; None: anything.

        A label is taken at the row's own moment and has no age.
        """
        if self.file.is_label or max_age == "any":
            return None
        return self.file.header.max_age if max_age == "header" else max_age


def choose_tables(
    files: Mapping[str, SqlFile], features: Sequence[str], labels: Sequence[str]
) -> list[ChosenTable]:
    """One entry a table, in the order of its first mention.

    A name is `<table>.<column>`, or `<table>` for all columns that are not grain.
    Raises `SpineError` for an unknown or doubled name, with one that is near, and for a label
    among the features or the other way round.
    """
    wanted: dict[str, list[str]] = {}
    for name in [*features, *labels]:
        file, columns = _find(files, name)
        _check_side(file, name, as_label=name in labels)
        for column in columns:
            if column in wanted.setdefault(file.name, []):
                raise SpineError(f"{file.name}.{column} is asked for twice")
            wanted[file.name].append(column)
    if not wanted:
        raise SpineError("no feature is named; say --features <table>.<column>,<table>")
    return [ChosenTable(files[table], tuple(columns)) for table, columns in wanted.items()]


def _find(files: Mapping[str, SqlFile], name: str) -> tuple[SqlFile, list[str]]:
    table, _, column = name.partition(".")
    if table not in files:
        raise SpineError(f"no table {table} for {name}{_hint(table, files)}")
    file = files[table]
    values = [found for found in file.header.columns if found not in file.header.grain]
    if column and column not in values:
        raise SpineError(f"{table} has no feature {column}{_hint(column, values)}")
    return file, [column] if column else values


def _hint(name: str, known: Iterable[str]) -> str:
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {close[0]}?" if close else f"; there are: {', '.join(names)}"


def _check_side(file: SqlFile, name: str, *, as_label: bool) -> None:
    if file.is_label and not as_label:
        raise SpineError(
            f"{name} is a label and knows what comes after its moment; ask for it with --labels, "
            "and it is joined where its window begins at the row's moment"
        )
    if as_label and not file.is_label:
        raise SpineError(f"{name} is a feature, of {file.path}; ask for it with --features")
