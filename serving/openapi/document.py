"""The whole description, put together once when an application is made."""

from __future__ import annotations

from serving.access.settings import AccessSettings
from serving.openapi import (
    admin,
    events,
    features,
    forgetting,
    health,
    pages,
    people,
    rank,
    recs,
)
from serving.openapi.parts import Json, Rules
from serving.openapi.problems import PROBLEM, responses
from settings import Settings

TITLE = "Nightshelf"
GROUPS = (recs, events, rank, people, forgetting, features, admin, health, pages)

OPEN = (health, pages)  # groups whose routes ask nobody for a key
SCHEMES: Json = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, or a JWT of the issuer that the service trusts.",
    },
}

DESCRIPTION = """\
Recommendations prepared at night and picked off the shelf by day.

Every route answers under `/v1` and without it; `/v1` is the address to keep.
Ids are any text of up to 128 characters without NUL, percent-encoded (a slash as `%2F`).
Errors are `application/problem+json` (RFC 9457). Every route that has GET has HEAD, and every
route has OPTIONS. Parameters that no route knows are ignored.
"""


def build_document(settings: Settings) -> Json:
    """OpenAPI 3.1 for an application of *settings*."""
    rules = Rules.of(settings)
    paths: Json = {}
    schemas: Json = {"Problem": PROBLEM}
    for group in GROUPS:
        described = group.paths(rules)
        if group in OPEN:
            _open(described)
        paths.update(described)
        schemas.update(group.SCHEMAS)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": TITLE,
            "version": "1",
            "summary": "Ready-made recommendations",
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [
            {"url": "/v1", "description": "The address to keep."},
            {"url": "/", "description": "The same without a version."},
        ],
        "tags": [{"name": group.TAG, "description": group.ABOUT} for group in GROUPS],
        # A key or a token, or neither while access control is off.
        "security": [{"bearer": []}] if settings.read(AccessSettings).enabled else [],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": responses(),
            "securitySchemes": SCHEMES,
        },
    }


def _open(paths: Json) -> None:
    """Say of every operation of *paths* that it needs no key."""
    for item in paths.values():
        for method, operation in item.items():
            if method != "parameters":
                operation["security"] = []
