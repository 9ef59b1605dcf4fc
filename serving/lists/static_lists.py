"""The last resort: lists in a file, for a process that never reached the store."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from serving.lists.provenance import Provenance
from serving.lists.shown import Shown
from serving.shelf.catalogue import Row

log = logging.getLogger("nightshelf.serving")

PACKAGED = Path(__file__).with_name("empty_static.json")


@dataclass(frozen=True)
class StaticLists:
    """Where they came from, and one list a surface; no surfaces before the first publish."""

    provenance: Provenance
    surfaces: Mapping[str, tuple[Shown, ...]]


def read_static(path: Path) -> StaticLists:
    """The lists saved at *path*; the packaged empty ones when there are none or they are damaged.

    A damaged file is logged, not raised: it must not keep the web tier from starting.
    """
    try:
        return _parse(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        log.info("static lists: none at %s yet, starting with the packaged empty ones", path)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        log.warning("static lists: %s is damaged (%s), using the packaged empty ones", path, error)
    return _parse(json.loads(PACKAGED.read_text(encoding="utf-8")))


def save_static(path: Path, lists: StaticLists) -> None:
    """Replace *path* as a whole, so that a reader or a crash never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    surfaces = {name: [_plain(shown) for shown in row] for name, row in lists.surfaces.items()}
    text = json.dumps({**asdict(lists.provenance), "surfaces": surfaces}, ensure_ascii=False)
    beside = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    # Half a surrogate pair is no UTF-8; with a backslash it is the JSON of the same text.
    with beside.open("w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _parse(saved: dict[str, Any]) -> StaticLists:
    surfaces = {
        name: tuple(_shown(**members) for members in row) for name, row in saved["surfaces"].items()
    }
    fields = ("version", "model", "generated_at", "published_at")
    return StaticLists(Provenance(**{name: saved[name] for name in fields}), surfaces)


def _plain(shown: Shown) -> dict[str, Any]:
    return {
        "item_id": shown.row.item_id,
        "score": shown.score,
        "title": json.loads(shown.row.title_text),
        "category": shown.row.category,
        "reason": json.loads(shown.reason),
        "source": json.loads(shown.source),
    }


def _shown(
    *,
    item_id: str,
    score: float,
    title: str,
    category: str,
    reason: dict[str, str | None],
    source: str,
    **_: Any,  # members of files that older code saved
) -> Shown:
    code, text, about = reason["code"], reason["text"], reason["item_id"]
    why = json.dumps({"code": code, "text": text, "item_id": about}, ensure_ascii=False)
    row = Row(item_id, title, category, None)
    return Shown(row, float(score), why, json.dumps(source, ensure_ascii=False))
