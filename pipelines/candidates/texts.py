"""What is said about each item, in one line of text."""

from __future__ import annotations

from typing import Literal

import pyarrow as pa

TextField = Literal["title", "category", "tags", "text"]


def item_texts(items: pa.Table, fields: tuple[TextField, ...]) -> list[str]:
    """*fields* of each item, joined by blanks; a column or a value that is missing is left out."""
    columns = [_as_text(items[name]) for name in fields if name in items.column_names]
    return [" ".join(filter(None, parts)) for parts in zip(*columns, strict=True)] or (
        [""] * items.num_rows
    )


def _as_text(column: pa.ChunkedArray) -> list[str]:
    return [
        " ".join(filter(None, value)) if isinstance(value, list) else value or ""
        for value in column.to_pylist()
    ]
