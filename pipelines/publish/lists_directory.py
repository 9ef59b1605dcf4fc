"""What the lists stage leaves in a run, as publishing reads it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from pipelines.forgetting.parquet import find_users, is_of_users
from pipelines.forgetting.tombstones import Forgotten
from pipelines.publish.errors import PublishError
from store.features import FeatureKind, PackedFeaturesError, load_kinds
from store.keys import (
    DEFAULT_VARIANT,
    KeyPartError,
    NamespaceKeys,
    VersionKeys,
    bucket_of,
)
from store.vectors import PackedVectorError, kind_of_vectors, load_vectors

MANIFEST_KEYS = frozenset(
    {"version", "run_id", "namespace", "as_of", "model", "lists_hash", "n_buckets", "block_size"}
    | {"variants", "surfaces", "reasons", "sources", "metrics", "counts"}
)
SIMILAR_FILE = "similar.parquet"
VECTOR_COLUMN, VECTOR_ID = "vector", "id"
READ_BYTES = 8_000_000  # of one Parquet batch, about


def features_file(kind: str) -> str:
    """Name of the file with the packed features of *kind*."""
    return f"features-{kind}.parquet"


def vectors_file(kind: str) -> str:
    """Name of the file with the packed vectors of *kind*."""
    return f"vectors-{kind}.parquet"


@dataclass(frozen=True)
class BucketedTable:
    """A Parquet file of (bucket, id, value), sorted, that becomes one hash a bucket."""

    path: Path
    value: str  # name of the column that holds the bytes
    n_buckets: int
    key: Callable[[int], str]  # the hash that holds a bucket
    id_column: str = "user_id"  # name of the column that holds the field of the hash
    mean_entries: float = 0.0  # of a packed list; 0 where the values are none
    without: frozenset[str] = frozenset()  # ids of forgotten users, whose rows do not count

    @property
    def n_rows(self) -> int:
        """Rows, one a user or entity."""
        return int(pq.read_metadata(self.path).num_rows) - len(self._left_out)

    @cached_property
    def _left_out(self) -> list[str]:
        """Those of `without` who have a row."""
        if not self.without:
            return []
        with pq.ParquetFile(self.path) as file:
            column = file.read(columns=[self.id_column]).column(self.id_column)
        return sorted(self.without.intersection(column.to_pylist()))

    @property
    def n_bytes(self) -> int:
        """Size of its columns before compression."""
        metadata = pq.read_metadata(self.path)
        return sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))

    def count_by_bucket(self) -> npt.NDArray[np.int64]:
        """How many rows every bucket has, shape (n_buckets,).

        Raises `PublishError` when a row names a bucket that does not exist.
        """
        n_buckets = self.n_buckets
        counts = np.zeros(n_buckets, np.int64)
        with pq.ParquetFile(self.path) as file:
            chunks = file.read(columns=["bucket"]).column("bucket").chunks
        for buckets in map(np.from_dlpack, chunks):
            if len(buckets) and not 0 <= buckets.min() <= buckets.max() < n_buckets:
                raise PublishError(
                    f"{self.path}: buckets {buckets.min()} to {buckets.max()}; "
                    f"expected 0 to {n_buckets - 1}: write the lists again"
                )
            counts += np.bincount(buckets, minlength=n_buckets)
        for entity in self._left_out:
            counts[bucket_of(entity, n_buckets)] -= 1
        return counts

    def read(self) -> Iterator[tuple[npt.NDArray[np.int32], list[str], list[bytes]]]:
        """Batches of (buckets, ids, values), of about `READ_BYTES` each."""
        rows = max(1, READ_BYTES * self.n_rows // max(1, self.n_bytes))
        columns = ["bucket", self.id_column, self.value]
        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(batch_size=min(rows, 65_536), columns=columns):
                buckets, ids, values = batch.columns
                # to_numpy() would import pandas, a second of every publish
                numbers = np.from_dlpack(buckets).astype(np.int32, copy=False)
                yield self._kept(numbers, ids.to_pylist(), values.to_pylist())

    def _kept(
        self, buckets: npt.NDArray[np.int32], ids: list[str], values: list[bytes]
    ) -> tuple[npt.NDArray[np.int32], list[str], list[bytes]]:
        if not self._left_out:
            return buckets, ids, values
        kept = [place for place, entity in enumerate(ids) if entity not in self.without]
        return buckets[kept], [ids[place] for place in kept], [values[place] for place in kept]


@dataclass(frozen=True)
class ListsDirectory:
    """One run's lists, ready to be loaded."""

    path: Path
    manifest: dict[str, Any]
    forgotten: frozenset[str] = frozenset()  # digests of users whose rows do not count

    @cached_property
    def forgotten_ids(self) -> frozenset[str]:
        """Ids of the forgotten users who have a row in a table of users."""
        return self.ids_of(self.forgotten)

    def ids_of(self, digests: frozenset[str]) -> frozenset[str]:
        """Ids of the users of *digests* who have a row in a table of users."""
        forgotten = Forgotten(self.manifest["namespace"], digests)
        found: set[str] = set()
        for path in sorted(self.path.glob("*.parquet")) if forgotten else ():
            found |= find_users(path, forgotten)
        return frozenset(found)

    @property
    def version(self) -> str:
        """The id that the lists will have in the store."""
        return str(self.manifest["version"])

    @property
    def n_buckets(self) -> int:
        """Buckets of every table by user but features, which have their own."""
        return int(self.manifest["n_buckets"])

    @property
    def feature_kinds(self) -> list[FeatureKind]:
        """What there are features of; none in lists that were made without."""
        return list(load_kinds(self.manifest).values())

    @property
    def similar_buckets(self) -> int:
        """Buckets of the items next to items; 0 in lists that were made without."""
        return int(self.manifest.get("similar", {"n_buckets": 0})["n_buckets"])

    @property
    def vector_buckets(self) -> dict[str, int]:
        """Kind of vector → its buckets; none in lists that were made without."""
        return {
            kind_of_vectors(model.name, entity): n_buckets
            for model in load_vectors(self.manifest).models.values()
            for entity, n_buckets in model.n_buckets.items()
        }

    @property
    def surfaces(self) -> tuple[str, ...]:
        """Names of the surfaces, sorted."""
        return tuple(sorted(self.manifest["surfaces"]))

    @property
    def as_of(self) -> datetime:
        """The run's moment, naive UTC."""
        return datetime.fromisoformat(self.manifest["as_of"])

    @property
    def keys(self) -> VersionKeys:
        """The keys that these lists will have."""
        return NamespaceKeys(self.manifest["namespace"]).version(self.version)

    def tables(self) -> list[BucketedTable]:
        """Lists of every surface, what explains them, features, neighbours, vectors, user rows."""
        keys, n = self.keys, self.n_buckets
        lists = [
            BucketedTable(
                self.path / f"lists-{surface}.parquet",
                "packed",
                n,
                partial(keys.lists, surface, DEFAULT_VARIANT),
                mean_entries=float(self.manifest["surfaces"][surface]["n_items_mean"]),
            )
            for surface in self.surfaces
        ]
        explained = [
            BucketedTable(path, "explained", n, partial(keys.explain, surface))
            for surface in self.surfaces
            if "features" in self.manifest["surfaces"][surface]
            for path in [self.path / f"explain-{surface}.parquet"]
        ]
        features = [
            BucketedTable(path, "cells", kind.n_buckets, partial(keys.features, kind.name), "id")
            for kind in self.feature_kinds
            for path in [self.path / features_file(kind.name)]
        ]
        similar = [
            BucketedTable(path, "packed", self.similar_buckets, keys.similar, "item_id")
            for path in [self.path / SIMILAR_FILE]
            if self.similar_buckets
        ]
        vectors = [
            BucketedTable(path, VECTOR_COLUMN, n_buckets, partial(keys.vectors, kind), VECTOR_ID)
            for kind, n_buckets in self.vector_buckets.items()
            for path in [self.path / vectors_file(kind)]
        ]
        users = BucketedTable(self.path / "users.parquet", "row", n, keys.users)
        tables = [*lists, *explained, *features, *similar, *vectors, users]
        if not (without := self.forgotten_ids):
            return tables
        return [replace(t, without=without) if is_of_users(t.path) else t for t in tables]

    def fallback(self) -> dict[str, bytes]:
        """Field → packed list, for users without a list of their own."""
        return self._pairs("fallback.parquet", "field", "packed")

    def catalogue(self) -> dict[int, bytes]:
        """Block number → JSON rows."""
        return self._pairs("catalogue.parquet", "block", "payload")

    def _pairs(self, name: str, key: str, value: str) -> dict[Any, bytes]:
        with pq.ParquetFile(self.path / name) as file:
            table = file.read(columns=[key, value])
        return dict(zip(table[key].to_pylist(), table[value].to_pylist(), strict=True))


def open_lists(
    path: Path, namespace: str, forgotten: frozenset[str] = frozenset()
) -> ListsDirectory:
    """The lists that *path* holds, which must be *namespace*'s, without users of *forgotten*.

    Raises `PublishError` when the directory is incomplete or is somebody else's.
    """
    file = path / "manifest.json"
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PublishError(f"{file}: {error}; build the run's lists first") from None
    if missing := MANIFEST_KEYS - set(manifest):
        raise PublishError(f"{file}: without {', '.join(sorted(missing))}; build the lists again")
    if manifest["namespace"] != namespace:
        raise PublishError(
            f"{file}: lists of namespace {manifest['namespace']!r}; expected {namespace!r}"
        )
    if manifest["variants"] != [DEFAULT_VARIANT] or not manifest["surfaces"]:
        raise PublishError(
            f"{file}: variants {manifest['variants']}, surfaces {sorted(manifest['surfaces'])}; "
            f"expected [{DEFAULT_VARIANT!r}] and at least one surface"
        )
    lists = ListsDirectory(path, manifest, forgotten)
    try:
        expected = [table.path for table in lists.tables() if table.key(0)]
    except (KeyPartError, PackedFeaturesError, PackedVectorError) as error:
        raise PublishError(f"{file}: {error}") from None
    for part in [*expected, path / "fallback.parquet", path / "catalogue.parquet"]:
        if not part.is_file():
            raise PublishError(f"{part}: missing; build the run's lists again")
    return lists
