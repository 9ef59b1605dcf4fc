"""A real night of which one user left traces everywhere that a user can."""

from __future__ import annotations

import json
import shutil
import zlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipelines.collect.collect import collect
from pipelines.files import write_json
from pipelines.night import publish_run
from pipelines.runs import Run, open_run
from pipelines.sources.ingest import ingest
from settings import Settings, load_settings
from settings.project import var_directory
from store.connection import StoreSettings, connect_publisher
from store.events import FIELD, Event, ShownItem, pack_event
from store.keys import NamespaceKeys
from store.live import RecentEvent, note_event

USER, OTHER = "u003", "u004"
NAMESPACE = "shop"
NOON = datetime(2024, 5, 5, 12)


def known_shop(night: Run, folder: Path, store: StoreSettings) -> Settings:
    """A copy of the finished *night*, published to *store*, whose users did things since.

    Events of `USER` and `OTHER` are in the landing zone and the lake, in the stream, in the spool
    of a dead process and in quarantine; a log, a page and a report name `USER`.
    """
    shutil.copytree(night.settings.path.parent, folder)
    path = folder / "nightshelf.toml"
    text = path.read_text(encoding="utf-8").replace(
        str(night.settings.read(StoreSettings).url), store.url
    )
    path.write_text(text + "\n[collect]\ngreat_expectations = false\n", encoding="utf-8")
    settings = load_settings(path, {})
    publish_run(open_run(settings, night.id))
    with connect_publisher(store) as client:
        stream = NamespaceKeys(NAMESPACE).events
        for n, user in enumerate((USER, OTHER)):
            client.xadd(stream, {FIELD: pack_event(_click(user, f"collected{n}"))})
            client.xadd(stream, {FIELD: pack_event(_impression(user, f"shown{n}"))})
            client.xadd(stream, {FIELD: f'{{"user_id":"{user}","event_at":"noon"}}'.encode()})
            note_event(client, NAMESPACE, user, RecentEvent(1714910400.0, "click", "i001"))
        collect(settings, accept_bad=True)
        ingest(settings)
        for n, user in enumerate((USER, OTHER)):
            client.xadd(stream, {FIELD: pack_event(_click(user, f"waiting{n}"))})
    _leave_files(settings)
    return settings


def _leave_files(settings: Settings) -> None:
    var = var_directory(settings)
    lines = [pack_event(_click(user, f"spooled-{user}")) for user in (USER, OTHER)]
    spool = var / "spool" / "99999-0123456789abcdef.spool"
    spool.parent.mkdir()
    spool.write_bytes(b"".join(b"%08x %s\n" % (zlib.crc32(line), line) for line in lines))
    rows = [{"user_id": user, "n": 1} for user in (USER, OTHER)]
    write_json(var / "measures" / "2024-05-05.json", {"rows": rows, "best": {"user_id": USER}})
    log = var / "logs" / "night.log"
    log.parent.mkdir()
    log.write_text(f"12:00 user {USER} bought\n12:01 user {OTHER} bought\n", encoding="utf-8")
    (var / "diff.html").write_text(f"<p>User {USER}</p>", encoding="utf-8")
    copy = var / "quarantine" / "shop" / "files" / "0123-till.csv"
    copy.parent.mkdir()
    copy.write_text(f"customer\n{USER}\n\0", encoding="utf-8")
    copy.with_name("0123-till.csv.reason.txt").write_text("no CSV\n", encoding="utf-8")


def _click(user: str, name: str) -> Event:
    return Event(**_common(user, name), event_type="view", item_id="i001")


def _impression(user: str, name: str) -> Event:
    items = tuple(ShownItem(f"i00{k}", k, "personal", 1.0) for k in (1, 2))
    return Event(**_common(user, name), event_type="impression", items=items)


def _common(user: str, name: str) -> dict[str, Any]:
    at = (NOON - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    return {"event_id": name, "user_id": user, "event_at": at, "received_at": at + 1}


def rows_of_others(var: Path, users: set[str]) -> dict[str, list[str]]:
    """What every table of *var* says of others than *users*: path without hash → rows."""
    found = {}
    for path in sorted(var.rglob("*.parquet")):
        name = path.relative_to(var).as_posix()
        if name.startswith(("lake/raw/", "quarantine/")):
            continue
        table = pq.read_table(path, partitioning=None)
        column = next((c for c in ("user_id", "id") if c in table.column_names), None)
        rows = [
            json.dumps(row, default=str, sort_keys=True)
            for row in table.to_pylist()
            if column is None or row[column] not in users
        ]
        found[f"{path.parent.relative_to(var).as_posix()}/{path.stem.rpartition('-')[0]}"] = rows
    return found
