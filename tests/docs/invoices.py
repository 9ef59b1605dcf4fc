"""Made invoices in the columns of UCI Online Retail, with everything that is wrong with those."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

LAST = datetime(2011, 12, 9, 12, 50)  # the last invoice of the real file
GOODS = ("LUNCH BAG", "CAKE STAND", "TEA TOWEL", "PARTY BUNTING", "HEART HOLDER", "JAM JAR")
COLOURS = ("RED", "PINK", "BLUE", "GREEN", "IVORY", "SILVER")
SCHEMA = pa.schema(
    {
        "InvoiceNo": pa.string(),
        "StockCode": pa.string(),
        "Description": pa.string(),
        "Quantity": pa.float64(),
        "InvoiceDate": pa.timestamp("s"),
        "UnitPrice": pa.float64(),
        "CustomerID": pa.float64(),
        "Country": pa.string(),
    }
)
Line = dict[str, Any]


def sales(*, seed: int, customers: int = 50, weeks: int = 12) -> list[Line]:
    """Good lines: each customer repeats a few favourites; the last line is of `LAST`."""
    dice = random.Random(seed)
    lines = [_line(f"{536000}", 0, 12346.0, LAST, "United Kingdom")]
    for number in range(customers):
        favourites = dice.sample(range(36), 4)
        for week in range(weeks):
            moment = LAST - timedelta(weeks=week, minutes=dice.randrange(1, 7 * 24 * 60))
            goods = {dice.choice(favourites), dice.choice(favourites), dice.randrange(36)}
            country = "France" if number % 9 == 0 else "United Kingdom"
            invoice = f"{540000 + number * 100 + week}"
            lines += [_line(invoice, k, 12346.0 + number, moment, country) for k in sorted(goods)]
    return lines


def cancelled(line: Line) -> Line:
    """The cancellation of *line*: an invoice C…, and what was bought comes back."""
    return {**line, "InvoiceNo": f"C{line['InvoiceNo']}", "Quantity": -line["Quantity"]}


def nameless(line: Line) -> Line:
    """*line* without a customer, as for a quarter of the real file."""
    return {**line, "CustomerID": None}


def postage(line: Line) -> Line:
    """A line that is no goods."""
    return {**line, "StockCode": "POST", "Description": "POSTAGE"}


def write_parquet(path: Path, lines: Sequence[Line]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(lines), SCHEMA), path)


def write_csv(path: Path, lines: Sequence[Line]) -> None:
    """As spreadsheets export it: moments as `09/12/2011 12:50`, nothing for a missing customer."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{**line, "InvoiceDate": f"{line['InvoiceDate']:%d/%m/%Y %H:%M}"} for line in lines]
    schema = SCHEMA.set(SCHEMA.get_field_index("InvoiceDate"), pa.field("InvoiceDate", pa.string()))
    pyarrow.csv.write_csv(pa.Table.from_pylist(rows, schema), path)


def _line(invoice: str, good: int, customer: float, moment: datetime, country: str) -> Line:
    return {
        "InvoiceNo": invoice,
        "StockCode": f"{22000 + good}",
        "Description": f"{COLOURS[good % 6]} {GOODS[good // 6]}",
        "Quantity": float(1 + good % 3),
        "InvoiceDate": moment.replace(second=0),
        "UnitPrice": 0.5 + good % 5,
        "CustomerID": customer,
        "Country": country,
    }
