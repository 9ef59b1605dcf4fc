"""Feature values of one entity as bytes: a cell for each feature, joined by line ends.

A cell is the value as JSON text, which never holds a raw line end; an empty cell says that the
entity has no row in the feature's table, `null` that the row has no value. The manifest's
`features` names the cells in order, by kind of entity and table. Both night and day read this
file, so it needs only Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from settings.errors import NightshelfError

FORMAT_VERSION = 1
SEPARATOR = b"\n"
MISSING = b""  # no row in the table
NULL = b"null"  # no value in the row


class PackedFeaturesError(NightshelfError):
    """Bytes or a manifest that do not hold features of this format."""


@dataclass(frozen=True)
class FeatureTable:
    """A table whose values are on the shelf."""

    name: str
    columns: tuple[str, ...]  # without the entity's id
    max_age: timedelta | None  # after publishing; None: any

    @property
    def features(self) -> tuple[str, ...]:
        """`<table>.<column>` of each column."""
        return tuple(f"{self.name}.{column}" for column in self.columns)


@dataclass(frozen=True)
class FeatureKind:
    """What a version has of one kind of entity; cells stand in the order of the tables."""

    name: str
    n_buckets: int
    n_rows: int  # entities
    tables: tuple[FeatureTable, ...]

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Feature → its cell."""
        features = (feature for table in self.tables for feature in table.features)
        return {feature: place for place, feature in enumerate(features)}


def kind_of(grain: str) -> str:
    """The kind of entity that the column *grain* names: `user` of `user_id`."""
    return grain.removesuffix("_id")


def dump_kinds(kinds: list[FeatureKind]) -> dict[str, Any]:
    """*kinds* as the manifest keeps them."""
    return {
        "format": FORMAT_VERSION,
        "kinds": {
            kind.name: {
                "n_buckets": kind.n_buckets,
                "n_rows": kind.n_rows,
                "tables": [
                    {
                        "name": table.name,
                        "columns": list(table.columns),
                        "max_age_s": table.max_age and table.max_age.total_seconds(),
                    }
                    for table in kind.tables
                ],
            }
            for kind in kinds
        },
    }


def load_kinds(manifest: Mapping[str, Any]) -> dict[str, FeatureKind]:
    """The kinds of a version by name; none for one that was made without features.

    Raises `PackedFeaturesError` when they are of another format.
    """
    stored = manifest.get("features", {"format": FORMAT_VERSION, "kinds": {}})
    if stored["format"] != FORMAT_VERSION:
        raise PackedFeaturesError(
            f"features of format {stored['format']}; this code reads {FORMAT_VERSION}: publish "
            "again with the code that serves"
        )
    return {
        name: FeatureKind(
            name, kind["n_buckets"], kind["n_rows"], tuple(map(_load_table, kind["tables"]))
        )
        for name, kind in stored["kinds"].items()
    }


def unpack_cells(data: bytes, n_cells: int) -> list[bytes]:
    """The cells that *data* holds; raises `PackedFeaturesError` when they are not *n_cells*."""
    cells = data.split(SEPARATOR)
    if len(cells) != n_cells:
        raise PackedFeaturesError(f"{len(cells)} cells; the manifest names {n_cells}")
    return cells


def _load_table(stored: Mapping[str, Any]) -> FeatureTable:
    age = stored["max_age_s"]
    max_age = None if age is None else timedelta(seconds=age)
    return FeatureTable(stored["name"], tuple(stored["columns"]), max_age)
