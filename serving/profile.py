"""`GET /users/<user>/profile`: what the service knows of somebody."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import redis
from flask import Blueprint, Response

from serving.lists.parameters import check_id
from serving.lists.provenance import provenance_of
from serving.lists.titles import Title, find_titles
from serving.settings import ServingSettings
from serving.shelf.patient import PatientStore
from store.keys import DEFAULT_VARIANT, NamespaceKeys, VersionKeys, bucket_of
from store.live import RECENT_EVENTS, LiveError, RecentEvent, unpack_event
from store.overlay import OverlayError, unpack_overlay
from store.packed import PackedListError, unpack_list
from store.pointer import read_active


def profile_blueprint(store: PatientStore, settings: ServingSettings) -> Blueprint:
    """The route that says what is known; of somebody unknown 200, with `known` false."""
    blueprint = Blueprint("profile", __name__)

    @blueprint.get("/users/<anything:user_id>/profile")
    def profile(user_id: str) -> Response:
        check_id("user", user_id)
        with store.open() as client:
            body = read_profile(client, store.namespace, user_id, settings)
        response = Response(json.dumps(body, ensure_ascii=False), content_type="application/json")
        response.headers["Cache-Control"] = "private, no-store"
        return response

    return blueprint


def read_profile(
    client: redis.Redis, namespace: str, user_id: str, settings: ServingSettings
) -> dict[str, Any]:
    """What the live version and the last events say of *user_id*, as the route answers."""
    keys = NamespaceKeys(namespace)
    events = _read_events(client.lrange(keys.recent(user_id), 0, RECENT_EVENTS - 1))
    row: Mapping[str, Any] = {}
    titles: Mapping[str, Title] = {}
    made: dict[str, Any] = dict.fromkeys(("version", "generated_at", "published_at"))
    lists: list[dict[str, Any]] = []
    version = read_active(client, namespace).version
    raw = None if version is None else client.get(keys.version(version).manifest)
    if version is not None and raw is not None:
        manifest, of_version = json.loads(raw), keys.version(version)
        row, lists = _read_user(client, of_version, manifest, user_id)
        named = {*row.get("last_items", ()), *(event.item_id for event in events)}
        titles = find_titles(client, namespace, version, named)
        provenance = provenance_of(manifest)
        made = {name: getattr(provenance, name) for name in made}
        made["stale"] = provenance.is_stale(settings.stale_after, datetime.now(UTC))
    return {
        "user_id": user_id,
        "known": bool(row or events or any(entry["stored"] for entry in lists)),
        "segment": row.get("segment"),
        "top_categories": list(row.get("top_categories", ())),
        "last_items": [_item(item, titles) for item in row.get("last_items", ())],
        "recent_events": [
            {"event_type": event.event_type, "event_at": _moment(event.at)}
            | _item(event.item_id, titles)
            for event in events
        ],
        "lists": lists,
        **made,
        "stale": made.get("stale", True),
    }


def _read_user(
    client: redis.Redis, keys: VersionKeys, manifest: Mapping[str, Any], user_id: str
) -> tuple[Mapping[str, Any], list[dict[str, Any]]]:
    """The user's row, and of each surface whether there is a list, how long, and how fresh."""
    bucket = bucket_of(user_id, manifest["n_buckets"])
    surfaces = list(manifest["surfaces"])
    pipeline = client.pipeline(transaction=False)
    pipeline.hget(keys.users(bucket), user_id)
    for surface in surfaces:
        pipeline.hget(keys.lists(surface, DEFAULT_VARIANT, bucket), user_id)
        pipeline.hget(keys.overlay(surface, DEFAULT_VARIANT, bucket), user_id)
    row, *lists = pipeline.execute()
    pairs = zip(surfaces, lists[::2], lists[1::2], strict=True)
    return _read_row(row), [_list(surface, stored, overlay) for surface, stored, overlay in pairs]


def _list(surface: str, stored: bytes | None, overlay: bytes | None) -> dict[str, Any]:
    """What readers get on *surface*: the list refreshed last, else that of the night."""
    refreshed_at, data = None, stored
    try:
        if overlay is not None:
            anew = unpack_overlay(overlay)
            unpack_list(anew.packed)
            refreshed_at, data = _moment(anew.at), anew.packed
    except (OverlayError, PackedListError):
        pass  # requests go on without it as well
    is_there, n_items = data is not None, _length(data)
    return {
        "surface": surface,
        "stored": is_there,
        "n_items": n_items,
        "refreshed_at": refreshed_at,
    }


def _read_row(data: bytes | None) -> Mapping[str, Any]:
    """What the night wrote of the user; nothing of a row that is damaged."""
    try:
        row = {} if data is None else json.loads(data)
    except ValueError:
        return {}
    return row if isinstance(row, dict) else {}


def _length(data: bytes | None) -> int:
    try:
        return 0 if data is None else len(unpack_list(data))
    except PackedListError:
        return 0


def _read_events(data: Iterable[Any]) -> list[RecentEvent]:
    try:
        return [unpack_event(event) for event in data]
    except LiveError:
        return []


def _item(item_id: str, titles: Mapping[str, Title]) -> dict[str, Any]:
    """An item in words, as far as the live version's catalogue has it."""
    row = titles.get(item_id)
    return {
        "item_id": item_id,
        "title": None if row is None else row.title,
        "category": None if row is None else row.category,
    }


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
