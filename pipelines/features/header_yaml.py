"""YAML as headers and cases may have it: no aliases, which can swell, and no key twice."""

from __future__ import annotations

from collections.abc import Hashable
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
