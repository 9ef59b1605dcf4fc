"""What a value of a settings section may be, read from the JSON schema of its class."""

from __future__ import annotations

from typing import Any

NAME_PATTERN = r"^[a-z][a-z0-9_]{0,31}$"
NAME_IN_WORDS = "a letter and then at most 31 more, all of a-z, 0-9 and _"


def schema_at(schema: dict[str, Any], where: tuple[str, ...]) -> dict[str, Any]:
    """The part of *schema* for the key at *where*; empty when there is none."""
    node = schema
    for part in where:
        node = dereference(node, schema)
        if part in node.get("properties", {}):
            node = node["properties"][part]
        elif isinstance(node.get("additionalProperties"), dict):
            node = node["additionalProperties"]
        elif "patternProperties" in node:  # a table whose keys are identifiers
            node = next(iter(node["patternProperties"].values()))
        elif "items" in node:
            node = node["items"]
        else:
            return {}
    return dereference(node, schema)


def dereference(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """*node*, or the definition of *schema* that it refers to."""
    reference = node.get("$ref")
    if reference:
        found: dict[str, Any] = schema["$defs"][reference.rsplit("/", 1)[1]]
        return found
    return node


def describe(node: dict[str, Any], schema: dict[str, Any]) -> str:
    """What a value of this part of the schema may be, in words."""
    node = dereference(node, schema)
    if "anyOf" in node:
        return " or ".join(describe(choice, schema) for choice in node["anyOf"])
    if "enum" in node:
        return "one of " + ", ".join(str(value) for value in node["enum"])
    if "const" in node:
        return str(node["const"])
    words = [node.get("format", node.get("type", ""))]
    low = node.get("minimum", node.get("exclusiveMinimum"))
    high = node.get("maximum", node.get("exclusiveMaximum"))
    if low is not None:
        words.append(f"{'above' if 'exclusiveMinimum' in node else 'from'} {low}")
    if high is not None:
        words.append(f"{'below' if 'exclusiveMaximum' in node else 'to'} {high}")
    if "pattern" in node:
        words.append(f"matching {node['pattern']}")
    return " ".join(word for word in words if word)
