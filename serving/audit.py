"""What administrators do over HTTP, noted with who asked for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import g, request

from serving.access.identity import Identity
from store.audit import AuditError, AuditLog, audit_file

__all__ = ["AuditError", "AuditLog", "audit_file", "audited", "current_actor"]


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


@contextmanager
def audited(log: AuditLog, action: str, **details: Any) -> Iterator[dict[str, Any]]:
    """Note *action* before and after the block, which may add to the details that it is given.

    Raises `AuditError`, and does not enter the block, when the first cannot be noted.
    What the block raises is noted as the outcome, and raised.
    """
    actor = current_actor()
    log.note(actor, action, details, outcome="begun")
    try:
        yield details
    except Exception as error:
        log.note(actor, action, details, outcome=f"failed: {error}")
        raise
    log.note(actor, action, details)
