"""What time it is, as whoever makes the application says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from flask import has_request_context, request
from werkzeug.exceptions import BadRequest

from settings.errors import NightshelfError

Clock = Callable[[], datetime]  # moments in UTC, with their zone

SIMULATED = "X-Simulated-Time"
FIRST, LAST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class MomentError(NightshelfError):
    """A text that is no moment."""


def system_clock() -> datetime:
    """Now."""
    return datetime.now(UTC)


def simulated(clock: Clock) -> Clock:
    """A clock that says what the request under way says in `X-Simulated-Time`, else *clock*'s.

    Raises `BadRequest` for a header that is no moment.
    """

    def tell() -> datetime:
        said = request.headers.get(SIMULATED) if has_request_context() else None
        if said is None:
            return clock()
        try:
            return read_moment(said)
        except MomentError as error:
            raise BadRequest(f"{SIMULATED}: {error}.") from None

    return tell


def read_moment(text: str) -> datetime:
    """The moment that ISO 8601 *text* with a zone names, in UTC; raises `MomentError`."""
    try:
        moment = datetime.fromisoformat(text) if len(text) <= 40 else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise MomentError(
            f"found {text[:40]!r}; expected ISO 8601 with a zone, such as 2018-01-01T12:00:00Z"
        )
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        moment = LAST
    if not FIRST <= moment < LAST:
        raise MomentError(f"found {text[:40]!r}; expected a moment from 1990 to 2199")
    return moment


def microseconds(moment: datetime) -> int:
    """*moment* as whole µs since 1970."""
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def spell(moment: datetime) -> str:
    """*moment* as answers write it."""
    return moment.isoformat().replace("+00:00", "Z")
