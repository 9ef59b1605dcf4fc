"""What is done to a store or to gunicorn while clients ask."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import redis

from benchmarks.chaos_runners.clients import Load, Seen
from benchmarks.chaos_runners.site import Site
from benchmarks.chaos_runners.stores import Server, Watched, wait_until

RECOVERED = 40  # answers one after the other that are as before
GIVEN_UP_S = 30.0


def is_personal(seen: Seen) -> bool:
    """Whether somebody got the list made for them."""
    return seen.status == 200 and seen.tier == "personal"


def recovery_s(load: Load, back: float) -> float:
    """Seconds from *back* until everybody is answered from the store again, a run of them."""
    if not load.wait_for(is_personal, RECOVERED, GIVEN_UP_S):
        raise TimeoutError(f"no {RECOVERED} personal answers in a row after {GIVEN_UP_S:.0f} s")
    worse = [one.at for one in load.seen(back) if not is_personal(one)]
    return max(worse, default=back) - back


def freeze(server: Server, seconds: float) -> float:
    """Stop *server* for so long; when it went on."""
    server.send(signal.SIGSTOP)
    time.sleep(seconds)
    server.send(signal.SIGCONT)
    return time.monotonic()


def restart_empty(server: Server, republish: Callable[[], object], seconds: float) -> float:
    """Kill *server*, start it with nothing, publish; when the lists were there again."""
    server.send(signal.SIGKILL)
    time.sleep(seconds)
    server.start()
    time.sleep(seconds)
    republish()
    return time.monotonic()


def fill_up(server: Server, seconds: float) -> bool:
    """Leave *server* no memory for so long; whether it refused a write meanwhile."""
    with server.client() as client:
        client.config_set("maxmemory", 1)
        try:
            client.set("one more", 1)
            refused = False
        except redis.exceptions.OutOfMemoryError:
            refused = True
        time.sleep(seconds)
        client.config_set("maxmemory", 0)
    return refused


def promote(watched: Watched) -> float:
    """Kill the primary; when its replica had been promoted."""
    watched.primary.send(signal.SIGKILL)
    with watched.replica.client() as client:
        wait_until(lambda: client.info("replication")["role"] == "master", "it is promoted")
    return time.monotonic()


def drop_version(client: redis.Redis, namespace: str, version: str) -> int:
    """Delete every key of *version*, as if somebody had retired what is live; how many."""
    keys = list(client.scan_iter(f"ns:{namespace}:v:{version}:*", count=1000))
    pipeline = client.pipeline(transaction=False)
    for key in keys:
        pipeline.unlink(key)
    return sum(pipeline.execute())


def kill_workers(site: Site, seconds: float, every_s: float) -> int:
    """Kill the oldest worker again and again for so long; how many."""
    return _repeat(seconds, every_s, lambda: _kill(site))


def reload_workers(site: Site, seconds: float, every_s: float) -> int:
    """Have gunicorn replace its workers again and again for so long; how often."""
    return _repeat(seconds, every_s, lambda: os.kill(site.pid, signal.SIGHUP))


def activate_in_turns(activate: Callable[[int], object], seconds: float, every_s: float) -> int:
    """Call *activate* with 0, 1, 2 … for so long; how often."""
    turns = iter(range(10**9))
    return _repeat(seconds, every_s, lambda: activate(next(turns)))


def _kill(site: Site) -> None:
    if workers := site.workers():
        with suppress(ProcessLookupError):
            os.kill(workers[0], signal.SIGKILL)


def _repeat(seconds: float, every_s: float, act: Callable[[], object]) -> int:
    n, started = 0, time.monotonic()
    while (due := started + n * every_s) < started + seconds:
        time.sleep(max(0.0, due - time.monotonic()))
        act()
        n += 1
    time.sleep(every_s)
    return n
