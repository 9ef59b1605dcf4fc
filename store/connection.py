"""Connections to the store: an impatient one for requests, a patient one for publishing."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

import redis
from pydantic import AfterValidator, Field
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

from settings import Section
from settings.errors import NightshelfError

PUBLISHER_TIMEOUT_S = 30.0  # a fork or a slow disk may hold the server up that long
PUBLISHER_RETRIES = 3
OPERATOR_TIMEOUT_S = 2.0  # of the web tier's routes for people


def _redis_url(url: str) -> str:
    """*url* as redis-py spells it: Valkey speaks the same protocol under its own name."""
    return re.sub(r"^valkey(s?)://", r"redis\1://", url)


def _check_url(url: str) -> str:
    try:
        redis.ConnectionPool.from_url(_redis_url(url)).make_connection()  # opens no socket
    except (ValueError, TypeError, redis.RedisError):  # their texts may quote the password
        raise ValueError(
            "not an address: expected redis://host:port/database, with a number as port; "
            "write / : @ of a password as %2F %3A %40"
        ) from None
    return url


class StoreSettings(Section):
    """Where the shelf is and how long a request waits for it."""

    section_name: ClassVar[str] = "store"

    # Server and database; rediss:// and valkeys:// are encrypted.
    url: Annotated[
        str,
        Field(pattern=r"^(redis|rediss|unix|valkey|valkeys)://.+"),
        AfterValidator(_check_url),
    ] = "redis://127.0.0.1:6379/0"
    timeout_ms: Annotated[int, Field(ge=5, le=10_000)] = 50  # of connecting, and of each answer


class StoreUnreachableError(NightshelfError):
    """The store did not answer; the message names it without its password."""


def connect_reader(settings: StoreSettings) -> redis.Redis:
    """A client for requests: no retries, so a frozen store costs one timeout at most.

    Its socket is opened by the first command, not here.
    """
    return redis.Redis.from_url(
        _redis_url(settings.url),
        socket_timeout=settings.timeout_ms / 1000,
        socket_connect_timeout=settings.timeout_ms / 1000,
        retry=Retry(NoBackoff(), 0),
        protocol=2,  # RESP3 would add a HELLO and its answer to every new connection
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
    )


def connect_publisher(settings: StoreSettings) -> redis.Redis:
    """A client for publishing and for operators, checked by one PING.

    Raises `StoreUnreachableError` when nothing answers there.
    """
    return _connect_patiently(settings, PUBLISHER_TIMEOUT_S, PUBLISHER_RETRIES)


def connect_operator(settings: StoreSettings) -> redis.Redis:
    """A client for what a person asks of the web tier, checked by one PING.

    More patient than a reader; still, a frozen store must not hold a thread for minutes.
    Raises `StoreUnreachableError` when nothing answers there.
    """
    return _connect_patiently(settings, OPERATOR_TIMEOUT_S, 0)


def _connect_patiently(settings: StoreSettings, seconds: float, retries: int) -> redis.Redis:
    client = redis.Redis.from_url(
        _redis_url(settings.url),
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        retry=Retry(ExponentialBackoff(cap=1.0, base=0.05), retries),
        protocol=2,
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
    )
    try:
        client.ping()
    except (redis.RedisError, OSError) as error:
        raise StoreUnreachableError(
            f"[store] url = {hide_password(settings.url)}: {hide_password(str(error))}; "
            "start it (python -m store up starts the demo's) or correct the address"
        ) from None
    return client


def hide_password(text: str) -> str:
    """*text* with the password of every URL in it replaced by `***`."""
    text = re.sub(r"(\w+://[^\s/@:]*):[^\s@]*@", r"\1:***@", text)
    return re.sub(r"([?&]password=)[^&\s]*", r"\1***", text)
