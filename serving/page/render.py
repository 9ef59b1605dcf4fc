"""Templates, style and script of the page, read once when an application is made."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from serving.manners.cors import page_policy
from serving.page import words

_FOLDER = Path(__file__).with_name("templates")


@dataclass(frozen=True)
class Asset:
    """A file that the page loads; its tag stands in the address, so that it may be kept."""

    data: bytes
    content_type: str

    @cached_property
    def tag(self) -> str:
        """16 hex digits that change with the file."""
        return hashlib.blake2b(self.data, digest_size=8).hexdigest()


STYLE = Asset((_FOLDER / "page.css").read_bytes(), "text/css; charset=utf-8")
SCRIPT = Asset((_FOLDER / "page.js").read_bytes(), "text/javascript; charset=utf-8")
POLICY = page_policy(["self"], ["self"])  # files of this host, and nothing that stands in the page


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("age", "minute", "percent", "place"):
        environment.filters[name] = getattr(words, name)
    environment.globals.update(tiers=words.TIERS, style=STYLE.tag, script=SCRIPT.tag)
    return environment


_ENVIRONMENT = _environment()


def render(template: str, **values: Any) -> bytes:
    """*template* of this package with *values*, all of them escaped."""
    return _ENVIRONMENT.get_template(template).render(**values).encode("utf-8", "replace")
