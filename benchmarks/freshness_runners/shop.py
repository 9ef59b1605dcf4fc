"""A made shop whose lists are live, and what its users do the day after."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import redis

from benchmarks.night import AS_OF, NAMESPACE, make_data, make_settings
from pipelines.index import load_index
from pipelines.night import begin_night, do_night
from pipelines.publish import PublishSettings, publish_lists
from pipelines.runs import Run
from settings import Settings, load_settings
from store.events import FIELD, Event, pack_event
from store.keys import NamespaceKeys

MORNING = AS_OF + timedelta(hours=8)
NOON = AS_OF + timedelta(hours=12)
EVENTS_EACH = 3  # of an active user
_EPOCH = datetime(1970, 1, 1)
_SERVING = """
[store]
url = "{store}"

[serving]
bind = "127.0.0.1:{port}"

[metrics]
bind = "127.0.0.1:{metrics}"

[intake]
max_per_second = 5000
"""


def make_live_shop(
    folder: Path, size: tuple[int, int, int], store: str, client: redis.Redis, ports: list[int]
) -> tuple[Run, Settings]:
    """A night over *size* (users, items, events) of made data, its lists live in *store*."""
    make_data(folder / "data", *size)
    file = make_settings(folder).path
    port, metrics = ports
    file.write_text(
        file.read_text() + _SERVING.format(store=store, port=port, metrics=metrics),
        encoding="utf-8",
    )
    settings = load_settings(file, environ={})
    run = do_night(begin_night(settings))
    publish_lists(run.path("lists"), client, NAMESPACE, PublishSettings())
    return run, settings


def be_active(client: redis.Redis, run: Run, n_users: int) -> int:
    """Puts purchases of *n_users* users, one in twenty of them new, into the log; how many."""
    random = np.random.default_rng(1)
    index = load_index(run)
    known = random.choice(index.n_users, n_users - n_users // 20, replace=False)
    users = [str(index.user_ids[user]) for user in known]
    users += [f"new-{k}" for k in range(n_users // 20)]
    key = NamespaceKeys(NAMESPACE).events
    pipeline = client.pipeline(transaction=False)
    for place, user in enumerate(users):
        moment = MORNING + timedelta(seconds=int(random.integers(0, 4 * 3600)))
        at = (moment - _EPOCH) // timedelta(microseconds=1)
        for item in random.choice(index.n_items, EVENTS_EACH, replace=False):
            name = f"{place}-{item}"
            item_id = str(index.item_ids[item])
            event = Event(name, "purchase", user, at, at, item_id=item_id, value="1.00")
            pipeline.xadd(key, {FIELD: pack_event(event)})
    pipeline.execute()
    return len(users)
