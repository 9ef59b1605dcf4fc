"""The page of the manual that lists every section and key, made from the classes themselves.

The docstring of a class introduces its section; the comment beside a key says what it means.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, get_args, get_origin

from pydantic import BaseModel, RootModel
from pydantic.fields import FieldInfo

from settings.durations import format_duration
from settings.schema import NAME_PATTERN, dereference, describe

_FIELD = re.compile(r"^    (\w+): (?!ClassVar)")


def render_sections(sections: Sequence[type[BaseModel]]) -> str:
    """Markdown: a heading and a table for each of *sections* and for every table within them."""
    return "\n".join(part for section in sections for part in _render(section, _name(section)))


def meanings(section: type[BaseModel]) -> dict[str, str]:
    """Key → the comment above or behind it in the source of *section*; empty without one.

    Keys that *section* inherits have their comments in the class that they come from.
    """
    found: dict[str, str] = {}
    for base in reversed(section.__mro__):
        if issubclass(base, BaseModel) and base is not BaseModel:
            found |= _own_meanings(base)
    return found


def _own_meanings(section: type[BaseModel]) -> dict[str, str]:
    found: dict[str, str] = {}
    above: list[str] = []
    name = ""
    for line in inspect.getsource(section).splitlines():
        comment = re.search(r"(?:^|\s)# (.*)$", line)
        if comment and line.strip().startswith("#"):
            above.append(comment[1])
            continue
        field = _FIELD.match(line)
        if field:
            name = field[1]
            found[name] = " ".join(above)
        if comment and name:  # behind the key, or behind the last line of its value
            found[name] = " ".join(filter(None, [found[name], comment[1]]))
        above = []
    return found


def _name(section: type[BaseModel]) -> str:
    return str(getattr(section, "section_name", ""))


def _render(section: type[BaseModel], name: str) -> list[str]:
    """The parts of *section*, which stands in the file as `[name]`."""
    if issubclass(section, RootModel):
        (table,) = _tables_of(section.model_fields["root"].annotation)
        return [f"## `[{name}]`\n\n{section.__doc__}\n", *_render(table, f"{name}.<name>")]
    schema = section.model_json_schema()
    said = meanings(section)
    rows, inner = [], []
    for key, field in section.model_fields.items():
        tables = _tables_of(field.annotation)
        if tables:
            many = ".<name>" if get_origin(field.annotation) is dict else ""
            inner += _render(tables[0], f"{name}.{key}{many}")
            continue
        node = schema["properties"][key]
        cells = (f"`{key}`", _allowed(node, schema), _default(field), said[key])
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    lines = "\n".join(["| key | value | default | meaning |", "|---|---|---|---|", *rows])
    intro = f"{'#' * (2 + min(name.count('.'), 1))} `[{name}]`\n\n{section.__doc__}\n"
    return [intro, *([f"{lines}\n"] if rows else []), *inner]


def _tables_of(annotation: Any) -> list[type[BaseModel]]:
    """The section classes in *annotation*: itself, or the values of a dict."""
    choices: list[Any] = [annotation, *get_args(annotation)]
    return [c for c in choices if inspect.isclass(c) and issubclass(c, BaseModel)]


def _allowed(node: dict[str, Any], schema: dict[str, Any]) -> str:
    """What the value may be, in words; a name's own pattern stands in the introduction."""
    node = dereference(node, schema)
    if "anyOf" in node:
        choices = [choice for choice in node["anyOf"] if choice.get("type") != "null"]
        return " or ".join(_allowed(choice, schema) for choice in choices)
    if node.get("type") == "array":
        return f"list of {_allowed(node['items'], schema)}"
    if node.get("type") == "object":
        values = next(iter(node.get("patternProperties", {}).values()), None)
        return f"table of name = {_allowed(values, schema)}" if values else "table"
    if "enum" in node:
        return ", ".join(f"`{value}`" for value in node["enum"])
    if node.get("pattern") == NAME_PATTERN:
        return "name"
    words = describe({key: node[key] for key in node if key != "pattern"}, schema)
    if words.startswith("duration"):
        return words.partition(" like ")[0]
    return f"{words} matching `{node['pattern']}`" if "pattern" in node else words


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default()
    return "not set" if value is None else f"`{_toml(value)}`"


def _toml(value: Any) -> str:
    """*value* as one writes it in the settings file."""
    if isinstance(value, dict):
        pairs = ", ".join(f"{key} = {_toml(item)}" for key, item in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, timedelta):
        return f'"{format_duration(value)}"'
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
