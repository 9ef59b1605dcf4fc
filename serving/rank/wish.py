"""What a request to order candidates may say, checked by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from serving.lists.parameters import MAX_SESSION, check_id, check_surface
from serving.manners.bodies import only_members
from serving.manners.members import check_unicode, read_text, read_texts
from serving.manners.problems import ParameterProblem
from serving.settings import ServingSettings

MAX_NAME = 64  # characters of a surface that are compared and shown; no name has more

_KEYS = ("user_id", "surface", "items", "session")


@dataclass(frozen=True)
class RankWish:
    """Which items to order for whom, checked."""

    user_id: str | None  # None: somebody who is not known, but for the session
    surface: str
    items: tuple[str, ...]  # each once, in the caller's order
    session: tuple[str, ...] = ()  # items that were looked at, each once


def read_rank_body(
    body: dict[str, Any], surfaces: tuple[str, ...], settings: ServingSettings
) -> RankWish:
    """The wish of a POST: an object of `items`, and of `user_id`, `surface` and `session`.

    Against the known *surfaces* (none known: any is taken).
    Raises `ParameterProblem` or `UnknownSurfaceProblem`.
    """
    only_members(body, _KEYS)
    user_id = body.get("user_id")
    if user_id is not None:
        user_id = _id("user_id", read_text("user_id", user_id, "text, or null; ids are text"))
    surface = read_text("surface", body.get("surface", settings.default_surface))
    return RankWish(
        user_id,
        check_surface(check_unicode("surface", surface[:MAX_NAME]), surfaces),
        _items("items", body.get("items"), 1, settings.max_rank_items),
        _items("session", body.get("session", []), 0, MAX_SESSION),
    )


def _items(name: str, values: Any, least: int, most: int) -> tuple[str, ...]:
    texts = read_texts(name, values)
    if not least <= len(texts) <= most:
        raise ParameterProblem(name, f"{len(texts)} items", f"{least} to {most} item ids")
    return tuple(dict.fromkeys(_id(f"{name}[{place}]", text) for place, text in enumerate(texts)))


def _id(name: str, text: str) -> str:
    return check_unicode(name, check_id(name, text))
