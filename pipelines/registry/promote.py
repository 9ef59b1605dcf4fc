"""What an operator does: make a model's lists live, or go back to those of the one before.

The gate is not asked: a person who acts has seen more than the night has.
A model that is damaged does not become champion; what still serves is named.
"""

from __future__ import annotations

import getpass
import logging
from dataclasses import dataclass, replace
from datetime import datetime

import redis

from pipelines.forgetting.tombstones import forgotten_users
from pipelines.publish import PublishError, PublishSettings, publish_lists
from pipelines.registry.follow import Followed, follow_live
from pipelines.registry.model import ModelError, open_model
from pipelines.registry.registry import Action, ModelRecord, RegistryError
from pipelines.registry.remedy import check_lists, make_again
from pipelines.runs import FINISHED, list_runs, open_run
from settings import ProjectSettings, Settings
from store import versions
from store.connection import StoreSettings, connect_publisher
from store.pointer import Pointer, check_reason

log = logging.getLogger("nightshelf")


@dataclass(frozen=True)
class Promotion:
    """The model that is champion now, and what readers follow."""

    model: str
    pointer: Pointer
    changed: bool = True  # False: it was champion, and live, already
    skipped: tuple[str, ...] = ()  # models that could not be gone back to, each with the reason


def promote_model(settings: Settings, model: str, *, reason: str, by: str) -> Promotion:
    """Makes the lists of *model* (an id, or what else `Registry.find` takes) live.

    A hold stays as it is; the present champion stays what it is. Lists that the store has no more
    are loaded from the model's run. Raises `RegistryError` when that is not on disk either,
    `PublishError` when its lists are damaged, and `ModelError` for a model that is damaged.
    """
    check_reason(reason)
    client, followed = _look(settings)
    record = followed.registry.find(model)
    pointer = followed.pointer
    if record.state == "champion" and pointer is not None and pointer.version == record.version:
        return Promotion(record.model, pointer, changed=False)
    return _show(settings, client, record, reason=reason, by=by, action="promote", hold=None)


def roll_back_model(settings: Settings, *, reason: str, by: str) -> Promotion:
    """Back to the last champion before this one that can serve, held there for *reason*.

    Raises `RegistryError` when there was none before, or none of them can serve.
    """
    check_reason(reason)
    client, followed = _look(settings)
    skipped: list[str] = []
    for record in followed.registry.predecessors:
        try:
            shown = _show(
                settings, client, record, reason=reason, by=by, action="roll back", hold=reason
            )
        except (ModelError, RegistryError, PublishError) as error:
            skipped.append(f"{record.model}: {error}")
        else:
            return replace(shown, skipped=tuple(skipped))
    if skipped:
        raise RegistryError("\n".join(["no champion before the present one can serve", *skipped]))
    raise RegistryError(
        "no model was champion before the present one; to any other go by its id: "
        "`python -m pipelines models list`, then `models promote MODEL --reason …`"
    )


def restore_live(
    settings: Settings, client: redis.Redis, followed: Followed, *, reason: str, by: str
) -> str | None:
    """While nothing is live: shows the champion's lists again, else those of the one before.

    The model whose lists are shown; None when none can serve, or something is live by now.
    """
    registry, pointer = followed.registry, followed.pointer or Pointer()
    champions = [registry.champion] if registry.champion else []
    namespace = settings.read(ProjectSettings).namespace
    for record in (*champions, *registry.predecessors):
        try:
            open_model(settings, record)
            _load_lists(settings, client, namespace, record)
        except (ModelError, RegistryError, PublishError) as error:
            log.warning("%s cannot be shown again: %s", record.model, error)
            continue
        move = versions.flip_to(client, namespace, record.version, expected=pointer.generation)
        follow_live(settings, client, reason=reason, by=by)
        return record.model if move.done else None
    return None


def who(place: str) -> str:
    """*place* and the name of the user who acts there, for the history."""
    try:
        return f"{place} ({getpass.getuser()})"
    except (KeyError, OSError):  # a container's user may have no name
        return place


def _look(settings: Settings) -> tuple[redis.Redis, Followed]:
    client = connect_publisher(settings.read(StoreSettings))
    return client, follow_live(settings, client)


def _show(
    settings: Settings,
    client: redis.Redis,
    record: ModelRecord,
    *,
    reason: str,
    by: str,
    action: Action,
    hold: str | None,
) -> Promotion:
    namespace = settings.read(ProjectSettings).namespace
    try:
        open_model(settings, record)
    except ModelError as error:
        raise ModelError(f"{error}{_still_served(client, namespace, record)}") from None
    _load_lists(settings, client, namespace, record)
    pointer = versions.activate(client, namespace, record.version, hold=hold)
    follow_live(settings, client, reason=check_reason(reason), by=by, action=action)
    return Promotion(record.model, pointer)


def _load_lists(
    settings: Settings, client: redis.Redis, namespace: str, record: ModelRecord
) -> None:
    """The lists of *record* in the store, loaded from its run if they are not."""
    if _has_lists(client, namespace, record):
        return
    if record.run_id not in list_runs(settings):
        inputs = open_model(settings, record).manifest["inputs"]
        again = make_again(settings, datetime.fromisoformat(record.as_of), inputs)
        raise RegistryError(
            f"the lists of {record.model} are no longer in the store, and its run "
            f"{record.run_id} is no longer on disk; choose another model: {again}"
        )
    run = open_run(settings, record.run_id)
    if not run.is_done(FINISHED) or run.manifest["outputs"]["version"] != record.version:
        raise RegistryError(
            f"run {run.name} has other lists than {record.version} of {record.model}; "
            f"`python -m pipelines publish --run {record.run_id}` shows those"
        )
    check_lists(run)
    forgotten_users(settings)  # a store that was lost is told who is forgotten
    with run.lock("publish"):
        publish_lists(
            run.path("lists"),
            client,
            namespace,
            settings.read(PublishSettings),
            activate=False,
        )


def _has_lists(client: redis.Redis, namespace: str, record: ModelRecord) -> bool:
    kept = versions.read_version(client, namespace, record.version)
    return kept is not None and kept.state == "ready"


def _still_served(client: redis.Redis, namespace: str, record: ModelRecord) -> str:
    """How the lists of a damaged model are shown all the same, if the store has them."""
    if not _has_lists(client, namespace, record):
        return ""
    command = f"python -m pipelines versions activate {record.version} --reason …"
    return f"; its lists are still in the store: `{command}` shows and holds them all the same"
