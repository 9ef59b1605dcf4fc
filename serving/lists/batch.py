"""What a `POST /recs` may say: users, and what a query may say, the same for all of them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from werkzeug.datastructures import MultiDict

from serving.lists.parameters import check_id, context_names, read_wish
from serving.lists.wish import Wish
from serving.manners.bodies import only_members
from serving.manners.members import SHOWN, read_text, read_texts
from serving.manners.problems import ParameterProblem
from serving.settings import ServingSettings

NUMBERS = ("n", "offset", "min_score", "hour")
LISTS = ("exclude", "category", "fields")
TEXTS = ("surface", "seen", "device", "country")  # and any `context.<name>`
FLAGS = ("explain",)


def read_batch(
    body: dict[str, Any], surfaces: tuple[str, ...], settings: ServingSettings
) -> list[Wish]:
    """A wish for each of `users`, in their order; whoever is named twice is answered twice.

    Raises `ParameterProblem` or `UnknownSurfaceProblem`.
    """
    contexts = context_names(name for name in body if name.startswith("context."))
    only_members(body, ("users", *NUMBERS, *LISTS, *TEXTS, *FLAGS, *contexts))
    users = read_texts("users", body.get("users"))
    if not 1 <= len(users) <= settings.max_users:
        raise ParameterProblem("users", f"{len(users)} users", f"1 to {settings.max_users} ids")
    rest = MultiDict(
        (name, text) for name in body if name != "users" for text in _texts(name, body[name])
    )
    first = read_wish(check_id("users[0]", users[0]), rest, surfaces, settings)
    return [
        first,
        *(
            replace(first, user_id=check_id(f"users[{place}]", user))
            for place, user in enumerate(users[1:], 1)
        ),
    ]


def _texts(name: str, value: Any) -> list[str]:
    """*value* as a query would spell it, a list as repeated; a member has one type."""
    if name in LISTS:
        return read_texts(name, value)
    if name in FLAGS:
        if not isinstance(value, bool):
            raise ParameterProblem(name, json.dumps(value)[:SHOWN], "true or false")
        return [str(int(value))]
    if name not in NUMBERS:
        return [read_text(name, value)]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ParameterProblem(name, json.dumps(value)[:SHOWN], "a number")
    # JSON does not tell 5.0 from 5.
    return [str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)]
