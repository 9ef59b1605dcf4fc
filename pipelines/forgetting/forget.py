"""Forgetting: a tombstone and the store at once, every file afterwards, a proof at the end.

`forget_user` is what an operator or a route does; `forget_files` is what the DAG does for all users
whose forgetting has not ended. Killed at any point and begun again, it ends with the same files.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, field

from pipelines.files import locked
from pipelines.forgetting.lake import find_lake_users, rewrite_lake
from pipelines.forgetting.loose import find_loose_users, rewrite_loose
from pipelines.forgetting.record import Record, now, proof_path, write_proof
from pipelines.forgetting.servers import forget_on_servers, rewrite_files
from pipelines.forgetting.spools import rewrite_spools
from pipelines.forgetting.tombstones import Forgotten
from pipelines.forgetting.units import busy_runs, find_unit_users, finish_begun, rewrite_units
from settings import ProjectSettings, Settings
from settings.errors import NightshelfError
from settings.project import var_directory
from store.connection import StoreSettings, connect_publisher
from store.forgetting import forget_in_store
from store.tombstones import State, Tombstone, add_tombstone, change_tombstone, tell_both

MAX_ID = 128

log = logging.getLogger("nightshelf")


class ForgettingError(NightshelfError):
    """What cannot be the id of a user."""


@dataclass(frozen=True)
class Forgetting:
    """What came of a pass over the files."""

    digests: tuple[str, ...]  # of the users whose forgetting it was
    n_files: int = 0  # that were rewritten or deleted
    left: tuple[str, ...] = field(default=())  # what stayed, and why

    @property
    def is_done(self) -> bool:
        """Whether nothing of them is left."""
        return not self.left


def forget_user(settings: Settings, user_id: str) -> tuple[Tombstone, int]:
    """Has nobody know *user_id* from now on; the tombstone, and how much the store had.

    Files are not touched: `forget_files` does that. Raises `ForgettingError` for an impossible id.
    """
    if not 1 <= len(user_id) <= MAX_ID or "\0" in user_id:
        raise ForgettingError(f"user id: expected 1 to {MAX_ID} characters without NUL")
    with connect_publisher(settings.read(StoreSettings)) as client:
        stone = add_tombstone(settings, client, user_id)
        n_removed = forget_in_store(client, settings.read(ProjectSettings).namespace, user_id)
    log.info("forget: %s, %d fields of the store", stone.digest, n_removed)
    return stone, n_removed


def forget_files(
    settings: Settings, *, users: Collection[str] = (), again: bool = False
) -> Forgetting:
    """Rewrites everything on disk that holds users whose forgetting has not ended.

    *users*: ids that are known; all others are found by their digests. With *again* also of those
    whose forgetting has ended, which finds nothing unless somebody put a backup back.
    One at a time in a namespace: another that comes meanwhile waits.
    """
    with locked(var_directory(settings) / "locks" / "forgetting"):
        with connect_publisher(settings.read(StoreSettings)) as client:
            stones = tell_both(settings, client)
        open_ones = sorted(name for name, s in stones.items() if again or s.state != "done")
        if not open_ones:
            log.info("forget: nothing to do; %d users are forgotten", len(stones))
            return Forgetting(())
        _say(settings, open_ones, "running")
        forgotten = Forgotten(settings.read(ProjectSettings).namespace, frozenset(stones))
        return _rewrite(settings, open_ones, forgotten, users)


def _rewrite(
    settings: Settings, digests: list[str], forgotten: Forgotten, known: Collection[str]
) -> Forgetting:
    started, record = now(), Record(settings)
    finish_begun(settings)
    busy = busy_runs(settings, record)
    left = [f"runs/{run.name}: not finished; its night may be under way" for run in busy]
    # Ids are known as long as a table has them: texts and the store come first, the lake last.
    units = find_unit_users(settings, forgotten)
    users = {user for user in known if forgotten.has(user)}.union(*units.values())
    users |= find_loose_users(record, forgotten) | find_lake_users(settings, forgotten)
    store = forget_on_servers(settings, forgotten, users)
    left += rewrite_loose(record, forgotten, users)
    left += rewrite_spools(record, forgotten)
    rewrite_units(settings, units, users, record)
    if n_kept := rewrite_lake(settings, forgotten, record, busy=busy):
        left.append(f"lake: {n_kept} files that runs under way have begun to read")
    servers, still = rewrite_files(settings)
    left += still
    rows = record.rows()
    about = {"finished_at": now(), "store": store, "servers": servers, "left": left}
    state: State = "left over" if left else "done"
    for digest in digests:
        about |= {"digest": digest, "started_at": started, "state": state}
        write_proof(proof_path(settings, digest), about, rows)
    _say(settings, digests, state, left)
    record.clear()
    log.info("forget: %d users, %d files, %d left", len(digests), len(rows), len(left))
    return Forgetting(tuple(digests), len(rows), tuple(left))


def _say(settings: Settings, digests: list[str], state: State, left: Collection[str] = ()) -> None:
    with connect_publisher(settings.read(StoreSettings)) as client:
        for digest in digests:
            change_tombstone(settings, client, digest, state, left)
