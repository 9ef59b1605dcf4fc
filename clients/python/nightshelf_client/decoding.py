"""JSON values into the dataclasses of `answers`, by their annotations."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from nightshelf_client.errors import AnswerError

T = TypeVar("T")
Read = Callable[[Any, str], Any]

_RAW = "raw"  # the field that keeps the whole answer


def decode(kind: type[T], value: Any) -> T:
    """*value*, parsed JSON, as a *kind*; unknown members are passed over.

    Raises `AnswerError` naming the member that is missing or of another type.
    """
    annotation: Any = kind
    decoded: T = _reader(annotation)(value, "")
    return decoded


@cache
def _reader(kind: Any) -> Read:
    """What reads a *kind*: it takes a value and its place, for the error's text."""
    if kind is Any:
        return lambda value, place: value
    if is_dataclass(kind):
        return _object_reader(kind)
    if get_origin(kind) is types.UnionType:
        (inner,) = [each for each in get_args(kind) if each is not types.NoneType]
        read = _reader(inner)
        return lambda value, place: None if value is None else read(value, place)
    if get_origin(kind) is tuple:
        return _array_reader(_reader(get_args(kind)[0]))
    if get_origin(kind) in (dict, Mapping):
        return _mapping_reader(_reader(get_args(kind)[1]))
    return _moment if kind is datetime else _plain_reader(kind)


def _object_reader(kind: Any) -> Read:
    hints = get_type_hints(kind)
    members = [(each.name, _reader(hints[each.name])) for each in fields(kind) if each.name != _RAW]
    optional = {
        each.name
        for each in fields(kind)
        if each.default is not MISSING or each.default_factory is not MISSING
    }
    keeps_raw = _RAW in hints

    def read(value: Any, place: str) -> Any:
        _check(value, dict, place)
        found = {}
        for name, read_member in members:
            if name in value:
                found[name] = read_member(value[name], f"{place}.{name}")
            elif name not in optional:
                raise AnswerError(f"the answer has no {place}.{name}".replace(" .", " "))
        if keeps_raw:
            found[_RAW] = value
        return kind(**found)

    return read


def _array_reader(read_one: Read) -> Read:
    def read(value: Any, place: str) -> tuple[Any, ...]:
        _check(value, list, place)
        return tuple([read_one(each, place) for each in value])

    return read


def _mapping_reader(read_one: Read) -> Read:
    def read(value: Any, place: str) -> dict[str, Any]:
        _check(value, dict, place)
        return {name: read_one(each, place) for name, each in value.items()}

    return read


def _plain_reader(kind: type) -> Read:
    def read(value: Any, place: str) -> Any:
        if kind is float and type(value) is int:
            return float(value)
        return _check(value, kind, place)

    return read


def _moment(value: Any, place: str) -> datetime:
    _check(value, str, place)
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise AnswerError(f"{place.lstrip('.')}: expected a moment, found {value!r}") from None


def _check(value: Any, kind: type, place: str) -> Any:
    if type(value) is not kind:
        where = place.lstrip(".") or "the answer"
        raise AnswerError(f"{where}: expected {kind.__name__}, found {type(value).__name__}")
    return value
