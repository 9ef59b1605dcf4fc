"""The run that made what readers see now, if it is still on disk."""

from __future__ import annotations

from dataclasses import dataclass

import redis

from pipelines.runs import Run, RunError, open_run
from settings import ProjectSettings
from store.connection import StoreSettings, connect_reader
from store.pointer import PointerError, read_active

# Patient enough for a busy server: nobody waits for a page here, but the night needs no store.
_TIMEOUT_MS = 2000


@dataclass(frozen=True)
class Live:
    """The live version and its run; `reason` says in words why there is no run."""

    version: str | None = None
    run: Run | None = None
    reason: str = ""


def find_live(run: Run) -> Live:
    """What is live at this moment, seen from *run*, which is not published yet."""
    store = run.settings.read(StoreSettings).model_copy(update={"timeout_ms": _TIMEOUT_MS})
    try:
        with connect_reader(store) as client:
            pointer = read_active(client, run.settings.read(ProjectSettings).namespace)
    except (redis.RedisError, OSError):
        return Live(reason="the store did not answer, so it is not known which version is live")
    except PointerError as error:
        return Live(reason=str(error))
    if pointer.version is None:
        return Live(reason="no version is live yet")
    return _open_live(run, pointer.version)


def _open_live(run: Run, version: str) -> Live:
    name = version.rpartition("-")[0]
    if name == run.id:
        return Live(version, reason=f"the live version {version} was made by this very run")
    try:
        return Live(version, open_run(run.settings, name))
    except RunError:
        return Live(version, reason=f"the run of the live version {version} is no longer kept")
