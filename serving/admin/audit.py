"""What administrators do over HTTP, noted with who asked for it.

The guard notes every request that may change something before it is carried out, and what it was
answered; a route adds what was there before and after.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, g, request
from werkzeug.exceptions import ServiceUnavailable

from serving.access.identity import Identity
from settings import Settings
from store.audit import AuditError, AuditLog, audit_file

__all__ = ["AuditError", "AuditLog", "audit_file", "current_actor", "note_with"]

log = logging.getLogger("nightshelf.audit")


def current_actor() -> dict[str, Any]:
    """Who sent the request: name and role of key or token, address, the request's id."""
    identity: Identity | None = g.get("identity")
    return {
        "subject": "local" if identity is None else identity.subject,
        "name": None if identity is None else identity.name,
        "role": None if identity is None else identity.role,
        "address": request.environ.get("REMOTE_ADDR", ""),
        "request_id": g.get("request_id"),
    }


def note_with(settings: Settings) -> Callable[[str, Mapping[str, Any]], None]:
    """What a route tells of a change that it made: `note("activate", {"before": …, "after": …})`.

    A change that was made is not undone where the disk does not take its line; the log has it then.
    """
    audit = AuditLog(audit_file(settings))

    def note(action: str, details: Mapping[str, Any]) -> None:
        try:
            audit.note(current_actor(), action, details)
        except AuditError as error:
            log.error("%s; done all the same: %s", error, dict(details))
        g.is_noted = True

    return note


def note_begun(audit: AuditLog) -> None:
    """Note the request before anything is done; raises `ServiceUnavailable` where that fails."""
    try:
        audit.note(current_actor(), _asked(), {}, outcome="begun")
    except AuditError as error:
        log.error("%s; nothing was done", error)
        raise ServiceUnavailable("The audit log cannot be written; nothing was done.") from None
    g.is_begun = True


def note_answered(audit: AuditLog, response: Response) -> None:
    """Note the answer to a request that was begun, unless its route said more than that."""
    if not g.get("is_begun") or (g.get("is_noted") and response.status_code < 400):
        return
    try:
        audit.note(current_actor(), _asked(), {}, outcome=f"answered {response.status_code}")
    except AuditError as error:
        log.error("%s; answered %d", error, response.status_code)


def _asked() -> str:
    """What was asked for; of a user the route alone: who was forgotten must not stand here."""
    is_of_user = "user_id" in (request.view_args or {})
    return f"{request.method} {request.url_rule if is_of_user else request.path}"
