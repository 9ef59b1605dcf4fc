"""The trip that adds this process's counts to everybody's, once a second and not in a request."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping

import redis

from serving.access.limits import Limiter
from store.keys import NamespaceKeys

log = logging.getLogger("nightshelf.access")

# KEYS[1] when a caller's allowance is whole again, in µs of the server's clock: machines need not
# agree on the time. ARGV: µs that were spent. Returns how many µs it is ahead of the clock.
ADD_SCRIPT = """
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local whole = tonumber(redis.call('GET', KEYS[1]) or '0')
if whole < now then whole = now end
whole = whole + tonumber(ARGV[1])
redis.call('SET', KEYS[1], string.format('%.0f', whole), 'PX', math.ceil((whole - now) / 1000) + 1)
return string.format('%.0f', whole - now)
"""


class Exchange:
    """Keeps limiters of several processes together through the store."""

    def __init__(self, client: redis.Redis, namespace: str, limiters: Mapping[str, Limiter]):
        self._client = client
        self._keys = NamespaceKeys(namespace)
        self._limiters = limiters  # by kind
        self._is_apart = False

    def trade(self) -> None:
        """Tell what was counted and learn what all counted, in one trip.

        While the store does not answer each process goes by its own count; what was not told then
        is not told later, since it would be charged twice: here at once, and there too late.
        """
        told = [
            (kind, name, count)
            for kind, limiter in self._limiters.items()
            for name, count in limiter.collect()
        ]
        if not told:
            return
        pipeline = self._client.pipeline(transaction=False)
        for kind, name, count in told:
            spent = count * self._limiters[kind].limit.interval * 1e6
            pipeline.eval(ADD_SCRIPT, 1, self._key(kind, name), f"{spent:.0f}")
        try:
            answers = pipeline.execute()
        except (redis.RedisError, OSError) as error:
            if not self._is_apart:
                log.warning("limits: the store does not answer (%s), each process counts", error)
            self._is_apart = True
            return
        self._is_apart = False
        for kind, limiter in self._limiters.items():
            limiter.learn(
                [
                    (name, int(answer) / 1e6)
                    for (k, name, _), answer in zip(told, answers, strict=True)
                    if k == kind
                ]
            )

    def close(self) -> None:
        """Close the connection to the store."""
        self._client.close()

    def _key(self, kind: str, name: str) -> str:
        said = f"{kind} {name}".encode("utf-8", "surrogatepass")
        return self._keys.limit(hashlib.blake2b(said, digest_size=16).hexdigest())
