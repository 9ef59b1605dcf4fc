"""What a request for recommendations may say, checked by hand because the route is hot."""

from __future__ import annotations

import re
from collections.abc import Iterable

from werkzeug.datastructures import MultiDict

from serving.lists.wish import ITEM_FIELDS, Wish
from serving.manners.problems import ParameterProblem, UnknownSurfaceProblem
from serving.settings import ServingSettings
from store.keys import SURFACE_PATTERN

MAX_USER_ID = 128  # characters, as in events
MAX_OFFSET = 1000  # more than a list has
MAX_SESSION = 50  # items of a session that a request may name
MAX_CONTEXT = 64  # characters of a value of the context

_CONTEXT = ("country", "device", "hour")  # beside any `context.<name>`
_CONTEXT_NAME = re.compile(r"context\.[a-z][a-z0-9_]{0,31}")


def read_wish(
    user_id: str | None,
    arguments: MultiDict[str, str],
    surfaces: tuple[str, ...],
    settings: ServingSettings,
    session: tuple[str, ...] = (),
) -> Wish:
    """The request in *arguments*, against the known *surfaces* (none known: any is taken).

    Without a *user_id* for somebody who looked at the items of *session*, newest first.

    Raises `ParameterProblem` or `UnknownSurfaceProblem`.
    """
    if user_id is not None:
        check_id("user", user_id)
    if not arguments:  # as most requests are
        surface = check_surface(settings.default_surface, surfaces)
        n = settings.default_n
        return Wish(user_id, surface, n, frozenset(), frozenset(), session=session)
    surface = check_surface(arguments.get("surface", settings.default_surface), surfaces)
    explain = _flag("explain", arguments.get("explain", "0"))
    return Wish(
        user_id,
        surface,
        _whole("n", arguments.get("n"), settings.default_n, 1, settings.max_n),
        _exclude(arguments.getlist("exclude")),
        frozenset(filter(None, arguments.getlist("category"))),
        _whole("offset", arguments.get("offset"), 0, 0, MAX_OFFSET),
        _share("min_score", arguments.get("min_score")),
        _seen(arguments.get("seen")),
        explain,
        _fields(arguments.getlist("fields"), explain=explain),
        _context(arguments),
        session,
    )


def read_items(values: list[str]) -> tuple[str, ...]:
    """The items of a session, newest first, between commas or repeated.

    Raises `ParameterProblem` when there is none, or too many.
    """
    parts = [part.strip() for value in values for part in value.split(",")]
    items = tuple(check_id("items", part) for part in parts if part)
    if not 1 <= len(items) <= MAX_SESSION:
        raise ParameterProblem("items", f"{len(items)} items", f"1 to {MAX_SESSION} item ids")
    return items


def check_id(name: str, text: str) -> str:
    """*text* itself; raises `ParameterProblem` when it cannot be the id of a user or item."""
    if not 1 <= len(text) <= MAX_USER_ID:
        raise ParameterProblem(name, f"{len(text)} characters", f"1 to {MAX_USER_ID} characters")
    if "\0" in text:
        raise ParameterProblem(name, text, "an id without NUL characters")
    return text


def check_surface(name: str, surfaces: tuple[str, ...]) -> str:
    """*name* itself; raises `UnknownSurfaceProblem` when it is not among known *surfaces*.

    Before any is known every proper name is taken; raises `ParameterProblem` for others.
    """
    if surfaces and name not in surfaces:
        raise UnknownSurfaceProblem(name[:MAX_CONTEXT], surfaces)
    if SURFACE_PATTERN.fullmatch(name) is None:
        expected = "a name of up to 32 small letters, digits and _"
        raise ParameterProblem("surface", name[:MAX_CONTEXT], expected)
    return name


def _whole(name: str, text: str | None, default: int, lowest: int, highest: int) -> int:
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,6}", text) or not lowest <= int(text) <= highest:
        raise ParameterProblem(name, text, f"a whole number from {lowest} to {highest}")
    return int(text)


def _share(name: str, text: str | None) -> float | None:
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{0,6}\.?[0-9]{1,20}(e-[0-9]{1,3})?", text) or not float(text) <= 1:
        raise ParameterProblem(name, text, "a number from 0 to 1, such as 0.25")
    return float(text)


def _flag(name: str, text: str) -> bool:
    if text not in ("0", "1"):
        raise ParameterProblem(name, text, "0 or 1")
    return text == "1"


def _seen(text: str | None) -> bool | None:
    if text not in (None, "keep", "drop"):
        raise ParameterProblem("seen", text or "", "keep or drop")
    return None if text is None else text == "keep"


def _exclude(values: list[str]) -> frozenset[str]:
    """Every value, and every part of it between commas: an id may contain a comma itself."""
    parts = (part for value in values for part in (value, *value.split(",")))
    return frozenset(name for part in parts for name in (part, part.strip()) if name)


def _fields(values: list[str], *, explain: bool) -> tuple[str, ...]:
    """The members of an item that are asked for; `explanation` only goes with `explain=1`."""
    known = ITEM_FIELDS if explain else ITEM_FIELDS[:-1]
    wanted = {part.strip() for value in values for part in value.split(",")} - {""}
    if not wanted:
        return known
    if unknown := sorted(wanted - set(ITEM_FIELDS)):
        raise ParameterProblem("fields", unknown[0], f"some of {', '.join(ITEM_FIELDS)}")
    return tuple(name for name in known if name == "item_id" or name in wanted)


def _context(arguments: MultiDict[str, str]) -> tuple[tuple[str, str], ...]:
    """What is said of the situation: `device`, `hour`, `country`, and any `context.<name>`."""
    return tuple((name, _situation(name, arguments[name])) for name in context_names(arguments))


def context_names(arguments: Iterable[str]) -> list[str]:
    """Those of *arguments* that say something of the situation, sorted.

    Raises `ParameterProblem` for a `context.` without a proper name.
    """
    names = sorted(set(arguments))
    for name in names:
        if name.startswith("context.") and not _CONTEXT_NAME.fullmatch(name):
            expected = "context. and a name of up to 32 small letters, digits and _"
            raise ParameterProblem(name[:MAX_CONTEXT], name[:MAX_CONTEXT], expected)
    return [name for name in names if name in _CONTEXT or name.startswith("context.")]


def _situation(name: str, text: str) -> str:
    if name == "hour":
        return str(_whole(name, text, 0, 0, 23))
    if not 1 <= len(text) <= MAX_CONTEXT or not text.isprintable():
        raise ParameterProblem(name, text[:MAX_CONTEXT], f"1 to {MAX_CONTEXT} printable characters")
    return text
