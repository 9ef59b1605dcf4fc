"""Members of a JSON body, checked by hand: what is wrong is named, and never sent back whole."""

from __future__ import annotations

import json
from typing import Any

from serving.manners.problems import ParameterProblem

SHOWN = 200  # characters of what was found: any name, but not megabytes of a body


def read_text(name: str, value: Any, expected: str = "text") -> str:
    """*value* itself; raises `ParameterProblem` unless it is text."""
    if not isinstance(value, str):
        raise ParameterProblem(name, _show(value), expected)
    return value


def read_texts(name: str, values: Any) -> list[str]:
    """*values* themselves; raises `ParameterProblem` unless they are a list of texts."""
    if not isinstance(values, list):
        raise ParameterProblem(name, _show(values), "a list of texts")
    for place, value in enumerate(values):
        if not isinstance(value, str):
            raise ParameterProblem(f"{name}[{place}]", _show(value), "text; ids are text as well")
    return values


def check_unicode(name: str, text: str) -> str:
    """*text* itself; raises `ParameterProblem` when it cannot be written as UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ParameterProblem(name, ascii(text), "text without half a surrogate pair") from None
    return text


def _show(value: Any) -> str:
    """*value* as JSON, not all of a long one."""
    return json.dumps(value, ensure_ascii=False)[:SHOWN]
