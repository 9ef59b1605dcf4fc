"""What is asked, as path and query."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, TypedDict
from urllib.parse import quote, urlencode


class Wish(TypedDict, total=False):
    """What recommendations may be asked for; what is left out is as the service's settings say.

    Items are always whole: there is no `fields` here, so that members of an item are never None
    for having been left out.
    """

    n: int  # how many items
    offset: int  # items to pass over
    surface: str  # which lists
    exclude: Iterable[str]  # item ids to leave out
    category: Iterable[str]  # only these categories
    min_score: float  # only items of at least this score, 0 to 1
    seen: Literal["keep", "drop"]  # whether to show what the user had
    explain: bool  # say what speaks for the first items
    context: Mapping[str, str | int]  # of the situation: device, hour, country, any other name


def ask_about(kind: str, entity: str, rest: str = "") -> str:
    """The path of one user or item; any id goes, slashes included."""
    return f"/v1/{kind}/{quote(entity, safe='')}{rest}"


def ask_user(user_id: str, wish: Mapping[str, Any]) -> str:
    """The address of a user's recommendations."""
    return with_query(ask_about("recs", user_id), wish)


def with_query(path: str, wish: Mapping[str, Any], items: Iterable[str] = ()) -> str:
    """*path* asked with *wish*; *items* are those of a session."""
    pairs = [("items", item) for item in items]
    for name, value in as_json(wish).items():
        pairs += [(name, _text(each)) for each in (value if isinstance(value, list) else [value])]
    return f"{path}?{urlencode(pairs, quote_via=quote)}" if pairs else path


def as_json(wish: Mapping[str, Any]) -> dict[str, Any]:
    """*wish* as members of a body, under the service's names."""
    found: dict[str, Any] = {}
    for name, value in wish.items():
        if name == "context":
            found |= dict(_situation(value))
        else:
            found[name] = many(name, value) if name in ("exclude", "category") else value
    return found


def _situation(context: Mapping[str, str | int]) -> Iterator[tuple[str, str | int]]:
    for name, value in context.items():
        if name == "hour":
            yield name, int(value)
        else:
            yield name if name in ("device", "country") else f"context.{name}", str(value)


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def many(name: str, ids: Iterable[str]) -> list[str]:
    """*ids* as a list; raises `TypeError` for one text, whose letters would be taken for ids."""
    if isinstance(ids, str):
        raise TypeError(f"{name} = {ids!r}: expected several texts, such as a list")
    return list(ids)
