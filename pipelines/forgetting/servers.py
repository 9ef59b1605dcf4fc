"""Store and event log without forgotten users, and with files that do not remember them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from typing import Any

import redis
from redis.cluster import RedisCluster

from pipelines.forgetting.tombstones import Forgotten
from settings import ProjectSettings, Settings
from store.connection import StoreSettings, connect_publisher
from store.events import EventLogSettings
from store.forgetting import forget_entries, forget_in_store

REWRITE_S = 600.0  # how long a server may take to write its files anew


def forget_on_servers(
    settings: Settings, forgotten: Forgotten, users: Collection[str]
) -> dict[str, int]:
    """Deletes what store and event log have of *users*, whose ids are known, and of the forgotten.

    Only an entry of the log says whose it is; fields of hashes can only be asked for by id.
    """
    namespace = settings.read(ProjectSettings).namespace
    found = set(users)

    def is_theirs(user: str) -> bool:
        found.update([user] if forgotten.has(user) else [])
        return user in found

    with connect_publisher(log_settings(settings)) as client:
        entries = forget_entries(client, namespace, is_theirs)
    with connect_publisher(settings.read(StoreSettings)) as client:
        fields = sum(forget_in_store(client, namespace, user) for user in sorted(found))
    return {"fields": fields, "events": entries}


def log_settings(settings: Settings) -> StoreSettings:
    """Where the event log is: on the store, or on a server of its own."""
    store = settings.read(StoreSettings)
    url = settings.read(EventLogSettings).url
    return store if url is None else store.model_copy(update={"url": url})


def rewrite_files(settings: Settings) -> tuple[list[dict[str, Any]], list[str]]:
    """Has every server write its append-only file and its dump anew, and waits for it.

    What was done, and what was not: until a file is written anew it holds what was deleted.
    """
    done, left = [], []
    asked: set[str] = set()
    servers = {"store": settings.read(StoreSettings), "events": log_settings(settings)}
    for name, address in servers.items():
        if address.url in asked:
            continue
        asked.add(address.url)
        with connect_publisher(address) as client:
            for place, server in enumerate(_servers(client)):
                try:
                    done.append({"server": name, "number": place, **_rewrite(server)})
                except (redis.RedisError, TimeoutError) as error:
                    left.append(f"{name}: its files could not be written anew: {error}")
    return done, left


def _servers(client: redis.Redis) -> Iterator[redis.Redis]:
    """The server, of a cluster each primary; replicas write theirs by their own configuration."""
    if isinstance(client, RedisCluster):
        for node in client.get_primaries():
            yield client.get_redis_connection(node)
    else:
        yield client


def _rewrite(server: redis.Redis) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if server.info("persistence")["aof_enabled"]:
        found["aof_rewritten_s"] = _wait_for(
            server, server.bgrewriteaof, ("aof_rewrite_in_progress", "aof_rewrite_scheduled"),
            "aof_last_bgrewrite_status",
        )  # fmt: skip
    if str(server.config_get("save").get("save", "")):
        found["dump_rewritten_s"] = _wait_for(
            server, server.bgsave, ("rdb_bgsave_in_progress",), "rdb_last_bgsave_status"
        )
    return found


def _wait_for(
    server: redis.Redis, ask: Callable[[], Any], busy: tuple[str, ...], status: str
) -> float:
    """Seconds until the server has done what *ask* asks; one that is under way comes first.

    Raises `TimeoutError`, or `RedisError` when the server failed to.
    """
    started = time.monotonic()
    _wait(server, busy, started)
    ask()
    _wait(server, busy, started)
    if server.info("persistence")[status] != "ok":
        raise redis.RedisError(f"{status} is not ok; see the server's log")
    return round(time.monotonic() - started, 3)


def _wait(server: redis.Redis, busy: tuple[str, ...], started: float) -> None:
    while any(server.info("persistence").get(name) for name in busy):
        if time.monotonic() - started > REWRITE_S:
            raise TimeoutError(f"not done after {REWRITE_S:.0f} s")
        time.sleep(0.05)
