"""Lists of users with new events, made anew and put before those of the night."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import redis

from pipelines.files import locked
from pipelines.forgetting.tombstones import Forgotten
from pipelines.refresh.errors import RefreshError
from pipelines.refresh.features import open_frozen
from pipelines.refresh.lists import gather, list_users
from pipelines.refresh.live import open_live_run
from pipelines.refresh.news import News, utc_now
from pipelines.refresh.settings import RefreshSettings
from pipelines.refresh.stream import read_stream
from pipelines.refresh.turns import Turn, take_turns
from pipelines.refresh.write import Lists, write_overlays
from pipelines.runs import Run
from settings import ProjectSettings, Settings
from settings.project import var_directory
from store.connection import StoreSettings, connect_publisher
from store.forgetting import forget_in_store
from store.keys import NamespaceKeys
from store.overlay import OverlayError, load_state
from store.pointer import Pointer, read_active

ATTEMPTS = 2  # a night that flips meanwhile makes the first one vain

log = logging.getLogger("nightshelf")


@dataclass(frozen=True, kw_only=True)
class Refreshed:
    """What a refresh has done."""

    version: str  # whose lists were made anew
    moment: datetime  # naive UTC; the lists know what happened before
    users: int  # who have new lists
    left: int  # who had news too, beyond `[refresh] max_users`
    lists: int  # of all surfaces together
    events: int  # of those users, old and new
    seconds: float


def refresh_active_users(
    settings: Settings,
    *,
    as_of: datetime | None = None,
    users: Collection[str] = (),
    since: datetime | None = None,
) -> Refreshed:
    """Makes the lists of users with new events anew, as of *as_of* (naive UTC; now if None).

    *users*: only these, whether they have news or not. *since*: only who did something from then
    on; else since the last refresh of the live version, or since its moment.
    One at a time; safe to repeat. Raises `RefreshError`, `NightshelfError` of what cannot be read,
    and what the client raises; what readers see is then as it was, or as of some users newer.
    """
    client = connect_publisher(settings.read(StoreSettings))
    namespace = settings.read(ProjectSettings).namespace
    moment = as_of or utc_now()
    with client, locked(var_directory(settings) / "refresh" / "lock"):
        for _ in range(ATTEMPTS):
            started = time.monotonic()
            pointer = read_active(client, namespace)
            run = open_live_run(settings, pointer)
            if moment < run.as_of:
                raise RefreshError(
                    f"--as-of {moment.isoformat()} is before {run.as_of.isoformat()}, of which "
                    "the live lists are; expected that moment or a later one"
                )
            turn = _turn(client, namespace, pointer, run)
            done, is_live = _refresh(client, run, pointer, moment, users, since, turn, started)
            if is_live:
                log.info("refreshed %d users in %.1f s", done.users, done.seconds)
                return done
            log.info("%s went out of use meanwhile; its new lists go with it", pointer.version)
    raise RefreshError(
        f"another version went live during each of {ATTEMPTS} attempts; what was computed is in "
        "nobody's way: refresh again"
    )


def _refresh(
    client: redis.Redis,
    run: Run,
    pointer: Pointer,
    moment: datetime,
    users: Collection[str],
    since: datetime | None,
    turn: Turn,
    started: float,
) -> tuple[Refreshed, bool]:
    """What was done, and whether the version is live still."""
    settings = run.settings.read(RefreshSettings)
    streamed = read_stream(run.settings) if settings.read_stream else None
    news = News(run, moment, streamed)
    try:
        forgotten = Forgotten.of(run.settings)
        due = turn.since(run.as_of, settings.overlap)
        begin = since or due
        asked = dict.fromkeys(sorted(set(users)), moment) if users else news.users(begin)
        found = {user: at for user, at in asked.items() if not (forgotten and forgotten.has(user))}
        if users:
            chosen, left_from = list(found)[: settings.max_users], None
        else:
            chosen, left_from = take_turns(found, settings.max_users)
        # Who looked at some users only leaves the others to the next refresh.
        is_whole = not users and begin <= due
        events = news.events_of(chosen)
    finally:
        news.close()
    lists: Lists = {}
    if len(events):
        with open_frozen(run) as frozen:
            lists = list_users(gather(frozen, events, moment))
    namespace = run.settings.read(ProjectSettings).namespace
    then = turn.after(moment, left_from) if is_whole else turn
    is_live = write_overlays(client, namespace, pointer, moment, lists, then)
    for user in Forgotten.of(run.settings).among({u for of in lists.values() for u in of}):
        forget_in_store(client, namespace, user)  # forgotten while this was computed
    n_lists = sum(packed is not None for of in lists.values() for packed in of.values())
    done = Refreshed(
        version=str(pointer.version),
        moment=moment,
        users=len({user for of in lists.values() for user in of}),
        left=len(found) - len(chosen),
        lists=n_lists,
        events=len(events),
        seconds=round(time.monotonic() - started, 3),
    )
    return done, is_live


def _turn(client: redis.Redis, namespace: str, pointer: Pointer, run: Run) -> Turn:
    """How far the refreshes of the live version have come."""
    raw = client.get(NamespaceKeys(namespace).version(str(pointer.version)).overlay_state)
    if raw is None:
        return Turn(run.as_of)
    try:
        return Turn.of(load_state(raw))
    except (OverlayError, TypeError, ValueError) as error:
        log.warning("%s; everybody with news since the night is refreshed", error)
        return Turn(run.as_of)
