"""One publisher a namespace: a key that expires unless its owner keeps renewing it."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import redis

from pipelines.publish.errors import PublishError
from store.keys import NamespaceKeys

LOCK_TTL_MS = 60_000

# KEYS[1] lock; ARGV[1] the owner's value; ARGV[2] new time to live in ms, 0 to delete
OWNED_SCRIPT = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then return redis.call('DEL', KEYS[1]) end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
TAKE_OVER_SCRIPT = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""


@dataclass
class PublisherLock:
    """Held by this process; `renew` is cheap enough to be called for every batch."""

    client: redis.Redis
    key: str
    value: str
    renewed: float = field(default_factory=time.monotonic)

    def renew(self) -> None:
        """Keep the lock alive; raises `PublishError` when another process took it."""
        now = time.monotonic()
        if now - self.renewed < LOCK_TTL_MS / 1000 / 6:
            return
        if not self.client.eval(OWNED_SCRIPT, 1, self.key, self.value, str(LOCK_TTL_MS)):
            raise PublishError(
                f"lost the lock {self.key} after {now - self.renewed:.0f} s without renewing it; "
                "publish again"
            )
        self.renewed = now


@contextmanager
def publisher_lock(client: redis.Redis, namespace: str) -> Iterator[PublisherLock]:
    """Be the only publisher of *namespace* inside the block.

    A lock left by a dead process of this host is taken over at once, any other within a minute.
    Raises `PublishError` naming the holder.
    """
    key = NamespaceKeys(namespace).publisher
    value = f"{socket.gethostname()} {os.getpid()} {secrets.token_hex(8)}"
    if not client.set(key, value, nx=True, px=LOCK_TTL_MS):
        _take_over(client, key, value)
    try:
        yield PublisherLock(client, key, value)
    finally:
        client.eval(OWNED_SCRIPT, 1, key, value, "0")


def _take_over(client: redis.Redis, key: str, value: str) -> None:
    held = client.get(key) or b""
    holder = held.decode() if isinstance(held, bytes) else held
    if holder and not _is_dead(holder):
        host, pid, *_ = holder.split()
        raise PublishError(
            f"{key} is held by process {pid} on {host}: wait until it has published, "
            f"or until the lock expires ({LOCK_TTL_MS // 1000} s after that process ends)"
        )
    expired = not holder
    taken = (
        client.set(key, value, nx=True, px=LOCK_TTL_MS)
        if expired
        else client.eval(TAKE_OVER_SCRIPT, 1, key, holder, value, str(LOCK_TTL_MS))
    )
    if not taken:
        raise PublishError(f"{key} was taken by another process at the same moment; publish again")


def _is_dead(holder: str) -> bool:
    """Whether *holder* is known to be gone; a process of another host is taken to be alive."""
    host, pid, *_ = holder.split()
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
