"""Connections to the store: an impatient one for requests, a patient one for publishing."""

from __future__ import annotations

from typing import Any, cast

import redis
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.connection import ConnectionPool, SSLConnection
from redis.driver_info import DriverInfo
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry
from redis.sentinel import Sentinel

from settings.errors import NightshelfError
from store.address import Node, StoreAddress
from store.cluster import ClusterReader
from store.following import FollowingReader, Options, follow
from store.locators import ReplicaLocator, SentinelLocator
from store.passwords import FilePassword, PasswordFileError, hide_password
from store.settings import StoreSettings
from store.tls import CACHED_OPTIONS, CachedTlsConnection, tls_options

__all__ = [
    "StoreSettings",
    "StoreUnreachableError",
    "connect_primary",
    "connect_publisher",
    "connect_reader",
    "follow",
    "hide_password",
    "memory_of",
]

PUBLISHER_TIMEOUT_S = 30.0  # a fork or a slow disk may hold the server up that long
PUBLISHER_RETRIES = 3
OPERATOR_TIMEOUT_S = 2.0  # of the web tier's routes for people
FAILOVER_RETRIES = 12  # some 8 s: Sentinels and clusters take a few to choose another primary


class StoreUnreachableError(NightshelfError):
    """The store did not answer; the message names it without its password."""


def connect_reader(settings: StoreSettings) -> redis.Redis:
    """A client for requests: no retries, so a frozen store costs one timeout at most.

    Its socket is opened by the first command, not here. `follow` tells it, between requests, where
    Sentinels, a cluster or a replica are; the first command does so where nobody else has.
    """
    primary = _reader_options(settings, settings.address)
    if settings.replica is None:
        return _connect_impatient(settings, replicas=settings.read_from == "replica")
    replica = _reader_options(settings, settings.replica) | _place(settings.replica)
    probe = redis.Redis.from_pool(ConnectionPool(**replica))
    return FollowingReader(ReplicaLocator(probe, replica, primary | _place(settings.address)))


def connect_primary(settings: StoreSettings) -> redis.Redis:
    """A client for what requests write: as impatient as the reader, and never of a replica."""
    return _connect_impatient(settings, replicas=False)


def connect_publisher(settings: StoreSettings) -> redis.Redis:
    """A client for publishing and for operators, checked by one PING.

    Raises `StoreUnreachableError` when nothing answers there.
    """
    return _connect_checked(settings, PUBLISHER_TIMEOUT_S, PUBLISHER_RETRIES)


def connect_operator(settings: StoreSettings) -> redis.Redis:
    """A client for what a person asks of the web tier, checked by one PING.

    More patient than a reader; still, a frozen store must not hold a request for minutes.
    Raises `StoreUnreachableError` when nothing answers there.
    """
    return _connect_checked(settings, OPERATOR_TIMEOUT_S, 0)


def _connect_checked(settings: StoreSettings, seconds: float, retries: int) -> redis.Redis:
    try:
        client = _connect_patient(settings, seconds, retries)
        client.ping()
    except (redis.RedisError, OSError, PasswordFileError) as error:
        raise StoreUnreachableError(
            f"[store] url = {hide_password(settings.url)}: {hide_password(str(error))}; "
            "start it (python -m store up starts the demo's) or correct the address"
        ) from None
    return client


def memory_of(client: redis.Redis) -> list[dict[str, Any]]:
    """`INFO memory` of every server that holds keys: of a cluster each primary."""
    if isinstance(client, RedisCluster):
        answers = client.info("memory", target_nodes=RedisCluster.PRIMARIES)
        # redis-py unwraps the answer of a cluster of one.
        return [answers] if "used_memory" in answers else list(answers.values())
    return [client.info("memory")]


def _connect_impatient(settings: StoreSettings, *, replicas: bool) -> redis.Redis:
    address = settings.address
    options = _reader_options(settings, address)
    if address.kind == "cluster":
        options.pop("db", None)
        return ClusterReader(address.nodes, options, replicas=replicas)
    if address.kind == "sentinel":
        return FollowingReader(_sentinel_locator(settings, options, replicas=replicas))
    return redis.Redis.from_pool(ConnectionPool(**options, **_place(address)))


def _connect_patient(settings: StoreSettings, seconds: float, retries: int) -> redis.Redis:
    address = settings.address
    times = {
        "socket_timeout": seconds,
        "socket_connect_timeout": seconds,
        **_COMMON,
    }
    options = times | _login(settings, address) | _tls(settings, address, SSLConnection)
    options |= address.options
    patience = Retry(ExponentialBackoff(cap=1.0, base=0.05), FAILOVER_RETRIES if retries else 0)
    if address.kind == "cluster":
        options.pop("db", None)
        if options.pop("connection_class", None):
            options["ssl"] = True
        nodes = [ClusterNode(host, port) for host, port in address.nodes]
        cluster = RedisCluster(startup_nodes=nodes, retry=patience, **options)
        return cast(redis.Redis, cluster)  # it has the same commands
    if address.kind == "sentinel":
        sentinels = _LocatedSentinel(_sentinel_locator(settings, options, replicas=False))
        options.pop("connection_class", None)
        return sentinels.master_for(  # type: ignore[no-untyped-call]
            address.service, ssl=address.is_encrypted, retry=patience, **options
        )
    patience = Retry(ExponentialBackoff(cap=1.0, base=0.05), retries)
    return redis.Redis.from_pool(ConnectionPool(retry=patience, **options, **_place(address)))


class _LocatedSentinel(Sentinel):
    """redis-py's way to reconnect, with the question that Sentinels are meant to be asked.

    redis-py asks for their state instead, which names the old primary for a while after another
    was promoted: one that is back already would be written to, and the writes lost.
    """

    def __init__(self, locate: SentinelLocator) -> None:
        super().__init__([])  # type: ignore[no-untyped-call]
        self._locate = locate

    def discover_master(self, service_name: str) -> Node:
        options = self._locate()
        return options["host"], options["port"]


def _sentinel_locator(
    settings: StoreSettings, options: Options, *, replicas: bool
) -> SentinelLocator:
    address = settings.address
    pools = [ConnectionPool(**_sentinel_options(settings, options, n)) for n in address.nodes]
    sentinels = [redis.Redis.from_pool(pool) for pool in pools]
    return SentinelLocator(sentinels, address.service, options, replicas=replicas)


_ONCE = Retry(NoBackoff(), 0)
_COMMON: Options = {
    "protocol": 2,  # RESP3 would add a HELLO and its answer to every new connection
    "maint_notifications_config": MaintNotificationsConfig(enabled=False),
    "driver_info": None,  # two more questions of every new connection
}


def _reader_options(settings: StoreSettings, address: StoreAddress) -> dict[str, Any]:
    timeout_s = settings.timeout_ms / 1000
    times = {
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
        "retry": _ONCE,
        **_COMMON,
    }
    encrypted = CachedTlsConnection if _is_cached(address) else SSLConnection
    options = times | _login(settings, address) | dict(address.options)
    return options | _tls(settings, address, encrypted)


def _login(settings: StoreSettings, address: StoreAddress) -> dict[str, Any]:
    if settings.password_file is None:
        return {}
    return {"credential_provider": FilePassword(settings.username, settings.password_file)}


def _tls(
    settings: StoreSettings, address: StoreAddress, encrypted: type[SSLConnection]
) -> dict[str, Any]:
    if not address.is_encrypted:
        return {}
    # A server may send session tickets behind the handshake. Only an answer takes them off the
    # socket, which redis-py otherwise finds readable, so here the name is told after all.
    return {"connection_class": encrypted, "driver_info": DriverInfo(), **tls_options(settings)}


def _is_cached(address: StoreAddress) -> bool:
    """Whether the URL asks for nothing that only redis-py's own connection does."""
    asked = {name for name in address.options if name.startswith("ssl_")}
    return asked <= CACHED_OPTIONS


def _sentinel_options(settings: StoreSettings, options: Options, node: Node) -> dict[str, Any]:
    """How to connect to a Sentinel: as to the server, but for login and database."""
    left_out = {"db", "username", "password", "credential_provider"}
    kept = {name: value for name, value in options.items() if name not in left_out}
    if settings.sentinel_password_file is not None:
        kept["credential_provider"] = FilePassword(
            settings.sentinel_username, settings.sentinel_password_file
        )
    return {**kept, "retry": _ONCE, "host": node[0], "port": node[1]}  # the next one is asked


def _place(address: StoreAddress) -> dict[str, Any]:
    """Host and port of a single server; a unix socket has its path among the options."""
    if not address.nodes:
        return {}
    ((host, port),) = address.nodes
    return {"host": host, "port": port}
