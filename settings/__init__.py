"""Loads `nightshelf.toml` and hands each package its own typed, frozen section."""

from settings.loader import Section, Settings, SettingsError, load_settings
from settings.project import ProjectSettings

__all__ = ["ProjectSettings", "Section", "Settings", "SettingsError", "load_settings"]
