"""Where studies lie."""

from __future__ import annotations

from pathlib import Path

from settings import Settings
from settings.project import var_directory


def tuning_directory(settings: Settings) -> Path:
    return var_directory(settings) / "tuning"


def study_path(settings: Settings, name: str, suffix: str) -> Path:
    """Of a study its journal (`.log`), its record (`.json`) or its page (`.html`)."""
    return tuning_directory(settings) / f"{name}{suffix}"
