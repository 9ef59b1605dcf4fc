"""Progress bars for people at a terminal; silence in logs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


def progress(
    items: Iterable[T], label: str, *, unit: str = "it", total: int | None = None
) -> Iterator[T]:
    """*items* one by one, with a bar on stderr when that is a terminal."""
    bar: Iterator[T] = iter(
        tqdm(
            items, desc=label, unit=unit, total=total, disable=not sys.stderr.isatty(), leave=False
        )
    )
    yield from bar
