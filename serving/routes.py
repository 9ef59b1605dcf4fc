"""What each route is: the one table that decides who may call it.

An endpoint that is not here keeps the app from starting, so that no route is open by oversight.
Routes that are served under `/v1/` too have the same class there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from flask import Flask

from settings.errors import NightshelfError

RouteClass = Literal["open", "read", "write-events", "admin"]

VERSION_PREFIX = "v1."

ROUTES: Mapping[str, RouteClass] = {
    "recs.recs": "read",
    "recs.session_recs": "read",
    "recs.similar": "read",
    "features.one": "read",
    "features.many": "read",
    "recs.many": "read",
    "rank.rank": "read",
    "profile.profile": "read",
    "events.take": "write-events",
    "admin.versions": "read",
    "admin.version": "read",
    "admin.activate_version": "admin",
    "admin.hidden": "admin",
    "admin.hide": "admin",
    "admin.unhide": "admin",
    "events.script": "open",
    "forgetting.forget": "admin",
    "forgetting.status": "admin",
    "pages.openapi": "open",
    "pages.docs": "open",
    "page.page": "open",  # while keys are asked for, a shell without data
    "page.fragment": "read",  # what the shell then asks for with a key
    "page.style": "open",
    "page.script": "open",
    "health.live": "open",  # who restarts and balances has no key
    "health.ready": "open",
}

# Roles of keys and tokens → the classes of routes that they open.
RIGHTS: Mapping[str, frozenset[RouteClass]] = {
    "read": frozenset({"open", "read"}),
    "events": frozenset({"open", "write-events"}),  # it may stand in a page: it reads nothing
    "admin": frozenset({"open", "read", "write-events", "admin"}),
}


class UnclassedRouteError(NightshelfError):
    """An endpoint of the application is not in the table."""


def class_of(endpoint: str) -> RouteClass | None:
    """The class of *endpoint*, also of the one under `/v1/`; None when nobody decided on it."""
    return ROUTES.get(endpoint.removeprefix(VERSION_PREFIX))


def classes_of(app: Flask) -> dict[str, RouteClass]:
    """Endpoint → class, of all of *app*; raises `UnclassedRouteError` naming those without."""
    found = {rule.endpoint: class_of(rule.endpoint) for rule in app.url_map.iter_rules()}
    missing = sorted(endpoint for endpoint, known in found.items() if known is None)
    if missing:
        raise UnclassedRouteError(
            f"endpoints without a class: {', '.join(missing)}; say in serving/routes.py whether "
            "they are open, read, write-events or admin"
        )
    return {endpoint: known for endpoint, known in found.items() if known is not None}
