"""Online Retail: invoice lines of known customers before November 2011 and from then on."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.ranking_quality.pairs import DataError
from benchmarks.ranking_quality.problem import Problem
from benchmarks.ranking_quality.timed import TimedEvents

CUTOFF = datetime(2011, 11, 1)
PUBLISHED = {"recent popularity": (0.0381, None), "ALS": (0.0522, None)}
COLUMNS = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "CustomerID"]


def read_online_retail(folder: Path) -> Problem:
    """Recall@10 of articles that are new to the customer; cancellations are left out."""
    path = folder / "online_retail.parquet"
    try:
        table = pq.read_table(path, columns=COLUMNS)
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(f"{path}: {error}; put UCI Online Retail there as Parquet") from None
    sold = pc.and_(
        pc.greater(table["Quantity"], 0),
        pc.invert(pc.starts_with(pc.cast(table["InvoiceNo"], pa.string()), "C")),
    )
    table = table.filter(pc.and_(sold, pc.is_valid(table["CustomerID"])))
    codes = pc.dictionary_encode(pc.cast(table["StockCode"], pa.string())).combine_chunks()
    customers = pc.dictionary_encode(table["CustomerID"]).combine_chunks()
    titles = _first_titles(codes, table["Description"])
    events = TimedEvents(
        users=customers.indices.to_numpy().astype(np.int32),
        items=codes.indices.to_numpy().astype(np.int32),
        moments=pc.cast(table["InvoiceDate"], pa.timestamp("s")).to_numpy(),
        n_users=len(customers.dictionary),
        n_items=len(codes.dictionary),
        catalogue=pa.table({"item_id": codes.dictionary, "title": titles}),
    )
    return events.problem("online_retail", CUTOFF, PUBLISHED)


def _first_titles(codes: pa.DictionaryArray, titles: pa.ChunkedArray) -> list[str]:
    """For each code the title of its first line."""
    first = np.unique(codes.indices.to_numpy(), return_index=True)[1]
    return pc.fill_null(titles.take(pa.array(first)), "").to_pylist()
