"""Templates of a run's pages: what comes from data is escaped, what is missing is an error."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def open_templates(*directories: Path) -> Environment:
    """Templates of *directories*, the first that has one of a name."""
    return Environment(
        loader=FileSystemLoader(directories),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
