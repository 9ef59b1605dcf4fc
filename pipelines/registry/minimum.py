"""The least data that a night is worth: counted when it begins, before anything is built."""

from __future__ import annotations

from datetime import datetime

import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.lake import Lake
from pipelines.registry.settings import GateSettings
from settings.errors import NightshelfError


class TooLittleDataError(NightshelfError):
    """There are fewer events, users or items than `[gate]` asks for."""


def check_minimum(lake: Lake, as_of: datetime, settings: GateSettings) -> None:
    """Raises `TooLittleDataError` naming each number that is below its minimum at *as_of*.

    Files are read newest first, and no more of them than it takes to know.
    """
    wanted = {
        "events": settings.min_events,
        "users": settings.min_users,
        "items": settings.min_items,
    }
    events = 0
    users: set[str] = set()
    items: set[str] = set()
    for path in reversed(lake.event_files(before=as_of)):
        table = pq.read_table(path, columns=["user_id", "item_id", "event_at"])
        seen = table.filter(pc.less(table["event_at"], as_of))
        events += seen.num_rows
        users.update(pc.unique(seen["user_id"]).to_pylist())
        items.update(pc.unique(seen["item_id"]).to_pylist())
        found = {"events": events, "users": len(users), "items": len(items)}
        if all(found[name] >= least for name, least in wanted.items()):
            return
    _refuse({"events": events, "users": len(users), "items": len(items)}, wanted, as_of)


def _refuse(found: dict[str, int], wanted: dict[str, int], as_of: datetime) -> None:
    moment = f"before as_of {as_of:%Y-%m-%d %H:%M}"
    what = {"events": "events", "users": "users with events", "items": "items with events"}
    lines = [
        f"{found[name]} {what[name]} {moment}; [gate] min_{name} = {least} expected"
        for name, least in wanted.items()
        if found[name] < least
    ]
    raise TooLittleDataError(
        "\n".join(lines) + "\nbring more events, or lower the minimum if so few are enough"
    )
