"""What an operator does: make a model's lists live, or go back to those of the one before.

The gate is not asked: a person who acts has seen more than the night has.
"""

from __future__ import annotations

import getpass
from dataclasses import dataclass

import redis

from pipelines.publish import PublishSettings, publish_lists
from pipelines.registry.follow import follow_live
from pipelines.registry.model import open_model
from pipelines.registry.registry import Action, ModelRecord, Registry, RegistryError
from pipelines.runs import FINISHED, list_runs, open_run
from settings import ProjectSettings, Settings
from store import versions
from store.connection import StoreSettings, connect_publisher
from store.pointer import Pointer, check_reason


@dataclass(frozen=True)
class Promotion:
    """The model that is champion now, and what readers follow."""

    model: str
    pointer: Pointer


def promote_model(settings: Settings, model: str, *, reason: str, by: str) -> Promotion:
    """Makes the lists of *model* live; a hold stays as it is.

    Lists that the store has no more are loaded from the model's run. Raises `RegistryError`
    when that is not on disk either, and `ModelError` for a model that is damaged.
    """
    client, registry = _look(settings)
    record = registry.find(model)
    return _show(settings, client, record, reason=reason, by=by, action="promote", hold=None)


def roll_back_model(settings: Settings, *, reason: str, by: str) -> Promotion:
    """Back to the lists of the model that was champion before, held there for *reason*.

    Raises like `promote_model`, and `RegistryError` when there was no champion before.
    """
    client, registry = _look(settings)
    record = registry.predecessor
    if record is None:
        raise RegistryError(
            "no model was champion before the present one; to any other go by its id: "
            "`python -m pipelines models list`, then `models promote MODEL --reason …`"
        )
    return _show(settings, client, record, reason=reason, by=by, action="roll back", hold=reason)


def who(place: str) -> str:
    """*place* and the name of the user who acts there, for the history."""
    try:
        return f"{place} ({getpass.getuser()})"
    except (KeyError, OSError):  # a container's user may have no name
        return place


def _look(settings: Settings) -> tuple[redis.Redis, Registry]:
    client = connect_publisher(settings.read(StoreSettings))
    return client, follow_live(settings, client).registry


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
    line = check_reason(reason)
    open_model(settings, record)  # a model that is damaged does not become champion
    namespace = settings.read(ProjectSettings).namespace
    _load_lists(settings, client, namespace, record)
    pointer = versions.activate(client, namespace, record.version, hold=hold)
    follow_live(settings, client, reason=line, by=by, action=action)
    return Promotion(record.model, pointer)


def _load_lists(
    settings: Settings, client: redis.Redis, namespace: str, record: ModelRecord
) -> None:
    """The lists of *record* in the store, loaded from its run if they are not."""
    kept = versions.read_version(client, namespace, record.version)
    if kept is not None and kept.state == "ready":
        return
    if record.run_id not in list_runs(settings):
        raise RegistryError(
            f"the lists of {record.model} are no longer in the store, and its run "
            f"{record.run_id} is no longer on disk; choose another model, or build the run again "
            f"with `python -m pipelines night --as-of {record.as_of} --dry-run`"
        )
    run = open_run(settings, record.run_id)
    if not run.is_done(FINISHED) or run.manifest["outputs"]["version"] != record.version:
        raise RegistryError(
            f"run {run.name} has other lists than {record.version} of {record.model}; "
            "publish the run itself"
        )
    with run.lock("publish"):
        publish_lists(
            run.path("lists"),
            client,
            namespace,
            settings.read(PublishSettings),
            activate=False,
        )
