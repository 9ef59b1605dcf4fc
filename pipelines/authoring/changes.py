"""Which tables of a folder are others than before: edited, new, gone, or made of such."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pipelines.authoring.diff_base import DiffError
from pipelines.features.folder import downstream_of
from pipelines.features.header import Header
from pipelines.features.sql_file import SqlFile

Kind = Literal["new", "removed", "edited", "header", "downstream"]
# Kinds whose rows may be others; words in a header change none.
WITH_ROWS: tuple[Kind, ...] = ("new", "removed", "edited", "downstream")


@dataclass(frozen=True)
class Change:
    """What happened to one table."""

    name: str
    folder: str
    is_label: bool
    kind: Kind
    header: tuple[str, ...] = ()  # a line for each key that says something else


def find_changes(
    before: Mapping[str, SqlFile], now: Mapping[str, SqlFile], only: Collection[str] = ()
) -> list[Change]:
    """The tables of *now* (dependencies first) that are not as *before*, then those that are gone.

    *only*: of the edited files just these, and what is downstream of them.

    Raises `DiffError` for a name that neither side has.
    """
    for name in only:
        if name not in before and name not in now:
            raise DiffError(f"no table {name}{_hint(name, [*before, *now])}")
    wanted = set(only) or {*before, *now}
    own = {name: _own_kind(before.get(name), now.get(name)) for name in wanted}
    touched = [name for name, kind in own.items() if kind in ("new", "edited") and name in now]
    later = downstream_of(now, touched)
    gone = [before[name] for name in before if own.get(name) == "removed"]
    changes = [
        Change(
            name=file.name,
            folder=file.folder,
            is_label=file.is_label,
            kind=kind,
            header=tuple(_header_lines(before.get(file.name), file)),
        )
        for file in now.values()
        if (kind := _kind_of(file.name, own, later))
    ]
    return changes + [Change(f.name, f.folder, f.is_label, "removed") for f in gone]


def _own_kind(before: SqlFile | None, now: SqlFile | None) -> Kind | None:
    if before is None or now is None:
        return "removed" if now is None else "new"
    if (before.makes, before.folder) != (now.makes, now.folder):
        return "edited"
    return "header" if before.header != now.header else None


def _kind_of(name: str, own: Mapping[str, Kind | None], later: Collection[str]) -> Kind | None:
    kind = own.get(name)
    return "downstream" if kind in (None, "header") and name in later else kind


def _header_lines(before: SqlFile | None, now: SqlFile) -> Iterator[str]:
    if before is None:
        return
    then, today = _plain(before.header), _plain(now.header)
    for key in Header.model_fields:
        if key == "columns":
            yield from _column_lines(then[key], today[key])
        elif then[key] != today[key]:
            yield f"{key}: {then[key]} → {today[key]}"


def _column_lines(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name in [*before, *(name for name in now if name not in before)]:
        if name not in now:
            yield f"column {name} is gone"
        elif name not in before:
            yield f"column {name} is new: {now[name]}"
        elif before[name] != now[name]:
            yield f"column {name}: {before[name]} → {now[name]}"


def _plain(header: Header) -> dict[str, Any]:
    return header.model_dump(mode="json", exclude_none=False)


def _hint(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else ""
