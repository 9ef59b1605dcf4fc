"""What can go wrong, as exceptions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

_STANDARD = ("type", "title", "status", "detail")


class NightshelfError(Exception):
    """Every error of this package."""


class AwayError(NightshelfError):
    """The service did not answer the question, whatever was asked: here a fallback helps."""


class UnreachableError(AwayError):
    """No connection, or no answer in time."""


class AnswerError(AwayError):
    """Something answered, but not as the service does: a proxy's page, or half an answer."""


class ProblemError(NightshelfError):
    """The service says what is wrong with the request (RFC 9457).

    `members` are those beside the standard four: for a wrong parameter `parameter`, `found` and
    `expected`. `retry_after` is in seconds, where the service names them.
    """

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        *,
        kind: str = "about:blank",
        members: Mapping[str, Any] | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{status} {title}: {detail}" if detail else f"{status} {title}")
        self.status = status
        self.title = title
        self.detail = detail
        self.kind = kind
        self.members = dict(members or {})
        self.request_id = request_id
        self.retry_after = retry_after


class AccessError(ProblemError):
    """401 or 403: no key or token, a wrong one, or one that may not do this."""


class BusyError(ProblemError, AwayError):
    """429: more requests than are allowed; `retry_after` says when the next is answered."""


class ServiceError(ProblemError, AwayError):
    """5xx: the service, or what stands before it, could not."""


def problem_of(status: int, headers: Mapping[str, str], body: bytes) -> ProblemError:
    """The error that an answer with *status* is; *headers* by names in lower case."""
    members = _members(body)
    return _class_of(status)(
        status,
        str(members.get("title", _phrase(status))),
        str(members.get("detail", "")),
        kind=str(members.get("type", "about:blank")),
        members={name: value for name, value in members.items() if name not in _STANDARD},
        request_id=headers.get("x-request-id"),
        retry_after=_seconds(headers.get("retry-after")),
    )


def _class_of(status: int) -> type[ProblemError]:
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return AccessError
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return BusyError
    return ServiceError if status >= HTTPStatus.INTERNAL_SERVER_ERROR else ProblemError


def _members(body: bytes) -> dict[str, Any]:
    """Those of a problem; none where a proxy answered with a page of its own."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unknown"


def _seconds(text: str | None) -> float | None:
    """`Retry-After` in seconds; a date, which this service never sends, counts as none."""
    return float(text) if text is not None and text.isascii() and text.isdigit() else None
