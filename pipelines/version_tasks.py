"""What an operator does to the live version or model from a scheduler's form."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from pipelines.orders import PromoteOrder, ReleaseOrder, RollBackOrder, read_order
from pipelines.registry.follow import follow_live
from pipelines.registry.promote import promote_model
from settings import ProjectSettings, load_settings
from store import versions
from store.connection import StoreSettings, connect_publisher

log = logging.getLogger("nightshelf")


def roll_back(form: Mapping[str, Any], conf: Mapping[str, Any]) -> str | None:
    """Point readers at the ordered version and hold it there; the version they now see.

    Raises `OrderError`, `VersionError` or `StoreUnreachableError`; nothing has changed then.
    """
    order = read_order(RollBackOrder, form, conf)
    settings = load_settings()
    client = connect_publisher(settings.read(StoreSettings))
    namespace = settings.read(ProjectSettings).namespace
    pointer = versions.roll_back(client, namespace, reason=order.reason, version=order.version)
    follow_live(settings, client, reason=order.reason, by="Airflow", action="roll back")
    log.info("rolled back to %s and held: %s", pointer.version, pointer.hold)
    return pointer.version


def promote(form: Mapping[str, Any], conf: Mapping[str, Any]) -> str | None:
    """Make the lists of the ordered model live; the version that readers now see.

    Raises `OrderError`, `RegistryError`, `ModelError`, `PublishError` or
    `StoreUnreachableError`; readers see what they saw then.
    """
    order = read_order(PromoteOrder, form, conf)
    settings = load_settings()
    promotion = promote_model(settings, order.model, reason=order.reason, by="Airflow")
    log.info("promoted %s: %s", promotion.model, order.reason)
    return promotion.pointer.version


def release(form: Mapping[str, Any], conf: Mapping[str, Any]) -> str | None:
    """Let the next night flip again; the version that readers see until then.

    Raises `PointerError` when no version is active.
    """
    read_order(ReleaseOrder, form, conf)
    settings = load_settings()
    client = connect_publisher(settings.read(StoreSettings))
    pointer = versions.release(client, settings.read(ProjectSettings).namespace)
    log.info("released; %s stays live until the next night", pointer.version)
    return pointer.version
