"""The one reader of JSON bodies: what is refused before a route looks at what was said."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any, NoReturn

from flask import Request
from werkzeug.exceptions import (
    BadRequest,
    ClientDisconnected,
    RequestEntityTooLarge,
    RequestTimeout,
    UnsupportedMediaType,
)

from serving.manners.limits import LimitSettings
from serving.manners.problems import ParameterProblem

MAX_DEPTH = 32  # of lists and objects within each other; no body here needs more than four
MAX_BATCH_BYTES = 1_000_000  # of POST /recs, /rank: hundreds of ids, each written as escapes
JSON = "application/json"
MAX_PARTS = 100_000  # members and elements in all; each costs far more than its bytes to look at
_PIECE = 65_536  # bytes read at once
_SHOWN = 100  # characters of a name that is sent back

# The way to a value: that to what it is in, and its name or place there.
_Where = tuple["_Where", str | int] | None


def read_object(request: Request, limits: LimitSettings, most: int | None = None) -> dict[str, Any]:
    """The JSON object that *request* carries, of *most* bytes where a route takes fewer.

    Raises `UnsupportedMediaType` for another or no content type and for a compressed body,
    `RequestEntityTooLarge` beyond the limit (whether or not the length was said beforehand) and
    beyond `MAX_PARTS`,
    `BadRequest` for what is no object in UTF-8, names a member twice, nests deeper than
    `MAX_DEPTH` or has a number that is none, and `ParameterProblem` for half a surrogate pair.
    """
    body = read_json(request, limits, most)
    if not isinstance(body, dict):
        raise BadRequest(f"The body is {_kind(body)}; expected a JSON object.")
    check_values(body)
    return body


def read_json(
    request: Request, limits: LimitSettings, most: int | None = None, also: tuple[str, ...] = ()
) -> Any:
    """Whatever JSON *request* carries, also under a content type of *also*; see `read_object`.

    Its values are not looked at: `check_values` does that.
    """
    _check_type(request, (JSON, *also))
    return _parse(_read(request, limits, min(most or limits.max_body, limits.max_body)))


def read_object_if_any(request: Request, limits: LimitSettings) -> dict[str, Any]:
    """As `read_object`; an empty object for a request without a body, whatever its type."""
    if request.content_length in (None, 0) and "chunked" not in _coding(request):
        return {}
    return read_object(request, limits)


def only_members(body: dict[str, Any], known: tuple[str, ...]) -> dict[str, Any]:
    """*body* itself; raises `ParameterProblem` when it has other members than *known* ones."""
    if unknown := sorted(body.keys() - set(known)):
        raise ParameterProblem("body", ", ".join(unknown)[:200], f"only {', '.join(known)}")
    return body


def _coding(request: Request) -> str:
    return request.headers.get("Transfer-Encoding", "").lower()


def _check_type(request: Request, types: tuple[str, ...]) -> None:
    if request.mimetype not in types:
        found = request.content_type or "no content type"
        raise UnsupportedMediaType(f"The body is {found[:_SHOWN]!r}; expected {types[0]}.")
    charset = request.mimetype_params.get("charset", "utf-8")
    if charset.lower() not in ("utf-8", "utf8"):
        raise UnsupportedMediaType(f"The body is in {charset[:_SHOWN]!r}; JSON is UTF-8.")
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding.strip().lower() not in ("identity", ""):
        raise UnsupportedMediaType(
            f"The body is compressed ({encoding[:_SHOWN]!r}); send it as it is."
        )


def _read(request: Request, limits: LimitSettings, max_bytes: int) -> bytes:
    """All of the body. One of chunks has no length beforehand, so it is counted as it comes."""
    connection = request.environ.get("gunicorn.socket")
    if (request.content_length or 0) > max_bytes:
        _too_large(max_bytes)
    # One more than allowed tells a body that ends there from one that goes on; werkzeug would
    # cut a chunked one.
    request.max_content_length = max_bytes + 1
    parts, size = [], 0
    try:
        if connection is not None:
            connection.settimeout(limits.body_pause.total_seconds())
        while part := request.stream.read(min(_PIECE, max_bytes + 1 - size)):
            parts.append(part)
            size += len(part)
            if size > max_bytes:
                _too_large(max_bytes)
    except (ClientDisconnected, OSError) as error:
        if isinstance(error.__context__, TimeoutError) or isinstance(error, TimeoutError):
            raise RequestTimeout("The rest of the body did not come.") from None
        raise BadRequest("The body is not as its headers say.") from None
    finally:
        if connection is not None:
            connection.settimeout(None)
    return b"".join(parts)


def _too_large(max_bytes: int) -> NoReturn:
    raise RequestEntityTooLarge(f"The body is larger than {max_bytes} bytes, which is the limit.")


def _parse(data: bytes) -> Any:
    # Counted before there is an object of each. Those in texts count, too: no id needs so many.
    if data.count(b",") + data.count(b"[") + data.count(b"{") > MAX_PARTS:
        raise RequestEntityTooLarge(f"The body has more than {MAX_PARTS} members and elements.")
    try:
        text = data.decode("utf-8")
        return json.loads(text, object_pairs_hook=_members, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise BadRequest(f"The body is not UTF-8 (byte {error.start}).") from None
    except RecursionError:
        raise BadRequest(f"The body nests deeper than {MAX_DEPTH}.") from None
    except ValueError as error:
        raise BadRequest(f"The body is not JSON: {str(error)[:200]}.") from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"member {twice[:_SHOWN]!r} stands more than once in one object")
    return members


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def check_values(body: Any) -> None:
    """Depth, numbers and texts of all of *body*, without a call a level.

    Raises `BadRequest` or `ParameterProblem`, as `read_object` says.
    """
    waiting: list[tuple[_Where, Any, int]] = [(None, body, 1)]
    while waiting:
        where, value, depth = waiting.pop()
        if isinstance(value, str):
            _check_text(where, value)
        elif isinstance(value, float) and not math.isfinite(value):
            raise BadRequest(f"{_spell(where)} is a number beyond all doubles.")
        elif isinstance(value, dict | list):
            if depth > MAX_DEPTH:
                raise BadRequest(f"The body nests deeper than {MAX_DEPTH}.")
            if isinstance(value, dict):
                for name, member in value.items():
                    _check_text(None, name)
                    waiting.append(((where, name), member, depth + 1))
            else:
                waiting.extend(((where, n), part, depth + 1) for n, part in enumerate(value))


def _spell(where: _Where) -> str:
    """The path to a value, at most 200 characters; put together when something is wrong there."""
    steps: list[str] = []
    while where is not None:
        where, step = where
        steps.append(f"[{step}]" if isinstance(step, int) else f".{step[:_SHOWN]}")
    return "".join(reversed(steps)).removeprefix(".")[:200] or "body"


def _check_text(where: _Where, text: str) -> None:
    if text.isascii():
        return
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ParameterProblem(
            _spell(where), ascii(text)[:200], "text without half a surrogate pair"
        ) from None


def _kind(value: Any) -> str:
    names = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
