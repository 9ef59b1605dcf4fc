"""What an operator sees and does over HTTP: versions, their provenance, hidden items."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import redis
from flask import Blueprint, Response, request
from werkzeug.exceptions import Conflict

from serving.lists.parameters import check_id
from serving.manners.bodies import only_members, read_object_if_any
from serving.manners.limits import LimitSettings
from serving.manners.problems import ParameterProblem
from serving.shelf.patient import PatientStore
from store.keys import VERSION_PATTERN, NamespaceKeys
from store.live import hidden_items, hide_items, unhide_items
from store.pointer import Pointer, PointerError, read_active
from store.versions import VersionError, VersionRecord, activate, list_versions, read_version

Note = Callable[[str, Mapping[str, Any]], None]
"""Told of every change: what was done (`activate`, `hide`, `unhide`), and with what."""


class UnknownVersionProblem(ParameterProblem):
    """The store keeps no version of that name."""

    status = HTTPStatus.NOT_FOUND

    def __init__(self, found: str, kept: list[str]) -> None:
        super().__init__("version", found[:200], f"one of {', '.join(kept) or 'none: publish one'}")
        self.members["versions"] = kept


def admin_blueprint(store: PatientStore, limits: LimitSettings, note: Note) -> Blueprint:
    """Routes on versions and hidden items; *note* is told of every change that was made."""
    blueprint = Blueprint("admin", __name__)

    @blueprint.get("/versions")
    def versions() -> Response:
        with store.open() as client:
            return _respond(describe_versions(client, store.namespace))

    @blueprint.get("/versions/<version>")
    def version(version: str) -> Response:
        with store.open() as client:
            record = _find(client, store.namespace, version)
            active = read_active(client, store.namespace)
            manifest = _read_manifests(client, store.namespace, [record])[version]
        return _respond({**_row(record, active, manifest), "manifest": manifest})

    @blueprint.post("/versions/<version>/activate")
    def activate_version(version: str) -> Response:
        reason = _read_hold(only_members(read_object_if_any(request, limits), ("hold",)))
        with store.open() as client:
            _find(client, store.namespace, version)
            before = read_active(client, store.namespace)
            after = _activate(client, store.namespace, version, reason)
        change = {"before": _pointer(before), "after": _pointer(after)}
        note("activate", {"version": version, **change})
        return _respond(change)

    @blueprint.get("/hidden")
    def hidden() -> Response:
        with store.open() as client:
            items = sorted(hidden_items(client, store.namespace))
        return _respond({"n": len(items), "items": items})

    @blueprint.put("/items/<anything:item_id>/hidden")
    def hide(item_id: str) -> Response:
        check_id("item", item_id)
        with store.open() as client:
            changed = hide_items(client, store.namespace, [item_id]) > 0
        note("hide", {"item_id": item_id, "changed": changed})
        return _respond({"item_id": item_id, "hidden": True, "changed": changed})

    @blueprint.delete("/items/<anything:item_id>/hidden")
    def unhide(item_id: str) -> Response:
        check_id("item", item_id)
        with store.open() as client:
            changed = unhide_items(client, store.namespace, [item_id]) > 0
        note("unhide", {"item_id": item_id, "changed": changed})
        return _respond({"item_id": item_id, "hidden": False, "changed": changed})

    return blueprint


def describe_versions(client: redis.Redis, namespace: str) -> dict[str, Any]:
    """The pointer, and every version that the store keeps, newest first."""
    active = read_active(client, namespace)
    records = list_versions(client, namespace)
    manifests = _read_manifests(client, namespace, records)
    rows = [_row(record, active, manifests[record.version]) for record in reversed(records)]
    return {"active": _pointer(active), "versions": rows}


def _find(client: redis.Redis, namespace: str, version: str) -> VersionRecord:
    """The record of *version*; raises `UnknownVersionProblem`, also for what is no version id."""
    record = None
    if VERSION_PATTERN.fullmatch(version):
        record = read_version(client, namespace, version)
    if record is None:
        kept = [record.version for record in list_versions(client, namespace)]
        raise UnknownVersionProblem(version, kept)
    return record


def _activate(client: redis.Redis, namespace: str, version: str, reason: str | None) -> Pointer:
    try:
        return activate(client, namespace, version, hold=reason)
    except VersionError as error:
        raise Conflict(f"{error}.") from None
    except PointerError as error:
        raise ParameterProblem("hold", str(reason)[:200], str(error)[:300]) from None


def _read_hold(body: Mapping[str, Any]) -> str | None:
    reason = body.get("hold")
    if reason is not None and not isinstance(reason, str):
        found = json.dumps(reason)[:200]
        raise ParameterProblem("hold", found, "a text that says why, or null")
    return reason


def _read_manifests(
    client: redis.Redis, namespace: str, records: list[VersionRecord]
) -> dict[str, dict[str, Any] | None]:
    """Version → what it says about itself; None while it is loading, or where it is damaged."""
    keys = NamespaceKeys(namespace)
    pipeline = client.pipeline(transaction=False)
    for record in records:
        pipeline.get(keys.version(record.version).manifest)
    raw = pipeline.execute() if records else []
    return {record.version: _parse(text) for record, text in zip(records, raw, strict=True)}


def _parse(text: bytes | None) -> dict[str, Any] | None:
    try:
        manifest = None if text is None else json.loads(text)
    except ValueError:
        return None
    return manifest if isinstance(manifest, dict) else None


def _row(
    record: VersionRecord, active: Pointer, manifest: Mapping[str, Any] | None
) -> dict[str, Any]:
    about = manifest or {}
    return {
        "version": record.version,
        "state": record.state,
        "live": record.version == active.version,
        "as_of": _zulu(record.as_of),
        "created": _zulu(record.created),
        "published_at": _zulu(about.get("published_at")),
        "deactivated_at": _zulu(record.deactivated_at),
        "model": about.get("model"),
        "surfaces": list(record.surfaces),
        "metrics": about.get("metrics", {}),
    }


def _pointer(pointer: Pointer) -> dict[str, Any]:
    return {
        "version": pointer.version,
        "generation": pointer.generation,
        "hold": pointer.hold,
    }


def _zulu(moment: str | None) -> str | None:
    """*moment*, naive UTC or with an offset, as UTC with a Z."""
    if moment is None:
        return None
    parsed = datetime.fromisoformat(moment)
    aware = parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    return aware.isoformat().replace("+00:00", "Z")


def _respond(body: dict[str, Any]) -> Response:
    response = Response(json.dumps(body, ensure_ascii=False), content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
