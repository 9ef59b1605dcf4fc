"""Writes docs/reference/feature-header.schema.json anew: `python -m tests.docs.header_schema`."""

from __future__ import annotations

import json
from typing import Any

from pipelines.features.header import Header
from settings.durations import DURATION_PATTERN
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "reference" / "feature-header.schema.json"


def render_page() -> str:
    schema = _plain(Header.model_json_schema())
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _plain(part: Any) -> Any:
    """*part* with durations, which our settings describe in words, as a pattern of a string."""
    if isinstance(part, list):
        return [_plain(inner) for inner in part]
    if not isinstance(part, dict):
        return part
    if str(part.get("type")).startswith("duration"):
        return {"type": "string", "pattern": DURATION_PATTERN}
    return {key: _plain(inner) for key, inner in part.items()}


if __name__ == "__main__":
    PAGE.write_text(render_page(), encoding="utf-8")
