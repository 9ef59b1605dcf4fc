"""The champion is the model whose lists are live: the pointer in the store decides.

Whoever moved the pointer, the next look at the registry brings it along; until then nobody can
have read the registry, since every look goes through here.
"""

from __future__ import annotations

from dataclasses import dataclass

import redis

from pipelines.registry.changes import change_registry
from pipelines.registry.registry import Action, Registry, read_registry
from settings import ProjectSettings, Settings
from store.connection import (
    StoreSettings,
    StoreUnreachableError,
    connect_publisher,
    hide_password,
)
from store.pointer import Pointer, read_active


@dataclass(frozen=True)
class Followed:
    """The registry as far as the live version is known."""

    registry: Registry
    pointer: Pointer | None  # None: the store could not be asked
    problem: str = ""  # why not

    @property
    def summary(self) -> str:
        """What is live, in a sentence."""
        if self.pointer is None:
            return f"states as last known, the store could not be asked: {self.problem}"
        champion = self.registry.champion
        if self.pointer.version is None:
            if champion is None:
                return "nothing is live"
            command = f"python -m pipelines models promote {champion.model} --reason …"
            return f"nothing is live; `{command}` brings the champion's lists back"
        held = f", held: {self.pointer.hold}" if self.pointer.hold else ""
        whose = "" if champion else ", of no model that is registered"
        return f"live: {self.pointer.version}{whose}{held}"


def follow_live(
    settings: Settings,
    client: redis.Redis | None = None,
    *,
    reason: str = "",
    by: str = "store",
    action: Action | None = None,
) -> Followed:
    """The registry, with the model of the live version as champion.

    *reason*, *by* and *action* are of the one who has just moved the pointer. Without *client*
    the store is asked if it answers; if not, the registry comes as it was left.
    """
    try:
        asked = client or connect_publisher(settings.read(StoreSettings))
        return _follow(settings, asked, reason, by, action)
    except (StoreUnreachableError, redis.RedisError) as error:
        return Followed(read_registry(settings), None, hide_password(str(error)))


def _follow(
    settings: Settings, client: redis.Redis, reason: str, by: str, action: Action | None
) -> Followed:
    namespace = settings.read(ProjectSettings).namespace
    seen: list[Pointer] = []

    def change(registry: Registry) -> Registry:
        # Read under the lock: of two processes the one that writes last has looked last.
        seen.append(read_active(client, namespace))
        return _crown_live(registry, seen[0], reason, by, action)

    return Followed(change_registry(settings, change), seen[0])


def _crown_live(
    registry: Registry, pointer: Pointer, reason: str, by: str, action: Action | None
) -> Registry:
    """*registry* with the champion that *pointer* means; without a live version as it was."""
    if pointer.version is None:
        return registry
    why = reason or f"the live version was changed{f': {pointer.hold}' if pointer.hold else ''}"
    live = registry.of_version(pointer.version)
    if live is None:
        unknown = f"{why}; {pointer.version} is of no model that is registered"
        return registry.archive_champion(reason=unknown, by=by)
    if live.state == "champion":
        return registry
    return registry.crown(live.model, reason=why, by=by, action=action)


def lost_champion(settings: Settings) -> str | None:
    """The run whose lists readers saw last, if the store can be asked and shows them nothing."""
    champion = read_registry(settings).champion
    if champion is None:
        return None
    try:
        with connect_publisher(settings.read(StoreSettings)) as client:
            pointer = read_active(client, settings.read(ProjectSettings).namespace)
    except (redis.RedisError, OSError, StoreUnreachableError):
        return None
    return champion.run_id if pointer.version is None else None
