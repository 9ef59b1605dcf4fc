"""YAML as headers and cases may have it: no aliases, which can swell, and no key twice."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import yaml
from yaml.composer import ComposerError
from yaml.constructor import ConstructorError


class _StrictLoader(yaml.SafeLoader):  # type: ignore[misc] # yaml has no types
    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise ComposerError(None, None, "aliases (*name) are not allowed", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise ConstructorError(
                    None, None, f"the key {key.value} stands there twice", key.start_mark
                )
            seen.add(str(key.value))
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return mapping


def load_yaml(text: str) -> Any:
    """The value of *text*.

    Raises `yaml.YAMLError`, with the place where it is known, and `RecursionError` for a text
    that is nested hundreds of levels deep.
    """
    return yaml.load(text, Loader=_StrictLoader)  # noqa: S506, it is a SafeLoader


def yaml_line(text: str, where: Sequence[str | int]) -> int:
    """Line of *text*, from 1, on which *where* begins, or as much of it as there is."""
    node = yaml.compose(text, Loader=_StrictLoader)
    line = node.start_mark.line if node is not None else 0
    for part in where:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            if part >= len(node.value):
                break
            node = node.value[part]
            line = node.start_mark.line
        elif isinstance(node, yaml.MappingNode):
            found = [pair for pair in node.value if pair[0].value == str(part)]
            if not found:
                break
            line, node = found[0][0].start_mark.line, found[0][1]
        else:
            break
    return int(line) + 1
