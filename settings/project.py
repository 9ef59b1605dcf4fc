"""The section that every package shares: whose data this is and where it lives."""

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from settings.loader import Section, Settings
from settings.schema import NAME_PATTERN

Identifier = Annotated[str, Field(pattern=NAME_PATTERN)]


class ProjectSettings(Section):
    """One namespace: an organisation's data, models and lists."""

    section_name: ClassVar[str] = "project"

    namespace: Identifier = "demo"  # names the folder in var, and every key in the store
    var: str = "var"  # everything written at run time, relative to the settings file


def var_directory(settings: Settings) -> Path:
    """`<var>/<namespace>/`, where this namespace's lake, snapshots and runs live."""
    project = settings.read(ProjectSettings)
    return settings.resolve(project.var) / project.namespace
