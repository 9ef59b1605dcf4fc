"""What a request for feature values may say, in a query or in a body, checked by hand."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from serving.manners.bodies import only_members
from serving.manners.members import SHOWN, check_unicode, read_text, read_texts
from serving.manners.problems import ParameterProblem, UnknownKindProblem
from store.features import FeatureKind

MAX_ID = 1024  # characters; a title or a category may be an id as well
_KEYS = ("kind", "ids", "features")

Kinds = Mapping[str, FeatureKind]


@dataclass(frozen=True)
class FeatureWish:
    """Which values a request asks for, checked."""

    kind: FeatureKind
    ids: tuple[str, ...]  # each once
    features: tuple[str, ...]  # `<table>.<column>`, each once, in the order of the request


def read_query(
    kind: str, entity_id: str, arguments: MultiDict[str, str], kinds: Kinds
) -> FeatureWish:
    """The wish of a GET: one entity, and features between commas or repeated (none: all).

    Raises `ParameterProblem` or `UnknownKindProblem`.
    """
    known = _kind(kind, kinds)
    named = (part.strip() for value in arguments.getlist("features") for part in value.split(","))
    return FeatureWish(known, (_id("id", entity_id),), _features(known, filter(None, named)))


def read_body(body: dict[str, Any], kinds: Kinds, max_ids: int) -> FeatureWish:
    """The wish of a POST: an object of `kind`, `ids` and `features` (none: all).

    Raises `ParameterProblem` or `UnknownKindProblem`.
    """
    only_members(body, _KEYS)
    known = _kind(read_text("kind", body.get("kind"), "text, such as user"), kinds)
    ids = read_texts("ids", body.get("ids"))
    if not 1 <= len(ids) <= max_ids:
        raise ParameterProblem("ids", f"{len(ids)} ids", f"1 to {max_ids} ids")
    features = read_texts("features", body.get("features", []))
    checked = dict.fromkeys(_id(f"ids[{place}]", text) for place, text in enumerate(ids))
    return FeatureWish(known, tuple(checked), _features(known, features))


def _kind(name: str, kinds: Kinds) -> FeatureKind:
    if name not in kinds:
        raise UnknownKindProblem(name[:SHOWN], tuple(kinds), _near(name, kinds))
    return kinds[name]


def _id(name: str, text: str) -> str:
    if not 1 <= len(text) <= MAX_ID:
        raise ParameterProblem(name, f"{len(text)} characters", f"1 to {MAX_ID} characters")
    return check_unicode(name, text)


def _features(kind: FeatureKind, named: Iterable[str]) -> tuple[str, ...]:
    """The features that *named* features and tables stand for; all when nothing is named."""
    tables = {table.name: table.features for table in kind.tables}
    found: dict[str, None] = {}
    for name in list(named) or tables:
        if name in kind.places:
            found[name] = None
        elif name in tables:
            found.update(dict.fromkeys(tables[name]))
        else:
            expected = f"a feature or a table of {kind.name}{_near(name, [*kind.places, *tables])}"
            raise ParameterProblem("features", name[:SHOWN], expected)
    return tuple(found)


def _near(name: str, known: Iterable[str]) -> str:
    if len(name) > SHOWN:  # no name is; comparing would take 40 times its bytes
        return ""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""
