"""What a request for recommendations may say, checked by hand because the route is hot."""

from __future__ import annotations

import re

from werkzeug.datastructures import MultiDict

from serving.problems import ParameterProblem, UnknownSurfaceProblem
from serving.settings import ServingSettings
from serving.tiers import Wish

MAX_USER_ID = 128  # characters, as in events


def read_wish(
    user_id: str,
    arguments: MultiDict[str, str],
    surfaces: tuple[str, ...],
    settings: ServingSettings,
) -> Wish:
    """The request in *arguments*, against the known *surfaces* (none known: any is taken).

    Raises `ParameterProblem` or `UnknownSurfaceProblem`.
    """
    surface = arguments.get("surface", settings.default_surface)
    if surfaces and surface not in surfaces:
        raise UnknownSurfaceProblem(surface, surfaces)
    return Wish(
        _user_id(user_id),
        surface,
        _n(arguments.get("n"), settings),
        _exclude(arguments.getlist("exclude")),
        frozenset(filter(None, arguments.getlist("category"))),
        _flag("explain", arguments.get("explain", "0")),
    )


def _user_id(user_id: str) -> str:
    if len(user_id) > MAX_USER_ID:
        raise ParameterProblem(
            "user", f"{len(user_id)} characters", f"at most {MAX_USER_ID} characters"
        )
    if "\0" in user_id:
        raise ParameterProblem("user", user_id, "an id without NUL characters")
    return user_id


def _n(text: str | None, settings: ServingSettings) -> int:
    if text is None:
        return settings.default_n
    if not re.fullmatch(r"[0-9]{1,6}", text) or not 1 <= int(text) <= settings.max_n:
        raise ParameterProblem("n", text, f"a whole number from 1 to {settings.max_n}")
    return int(text)


def _flag(name: str, text: str) -> bool:
    if text not in ("0", "1"):
        raise ParameterProblem(name, text, "0 or 1")
    return text == "1"


def _exclude(values: list[str]) -> frozenset[str]:
    """Every value, and every part of it between commas: an id may contain a comma itself."""
    parts = (part for value in values for part in (value, *value.split(",")))
    return frozenset(name for part in parts for name in (part, part.strip()) if name)
