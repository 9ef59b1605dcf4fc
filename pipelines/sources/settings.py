"""Where the raw tables come from, and how much of them may be bad."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from pipelines.moments import Timezone
from settings import Section
from settings.project import Identifier


class FileTable(Section):
    """One raw table of the `files` source: which files, and how DuckDB reads them."""

    glob: str  # relative to the settings file
    format: Literal["csv", "parquet", "jsonl"]  # of every file that the glob finds
    # Arguments of DuckDB's reader, e.g. {delimiter = ";", header = true} for CSV.
    options: dict[str, Any] = {}


class SourceSettings(Section):
    """Which source fills the lake, and when its rows are too bad to go on."""

    section_name: ClassVar[str] = "source"

    # The demo's households, or files of your own named in [source.tables].
    kind: Literal["complete_journey", "files"] = "complete_journey"
    name: Identifier = "complete_journey"  # its folder of staging SQL
    # Folder of staging SQL; by default staging/<name> in the folder of [features] directory.
    staging: str | None = None
    # So many of the demo's households; all when it is not set.
    households: Annotated[int, Field(ge=1)] | None = None
    timezone: Timezone = "UTC"  # of moments without one
    max_bad_share: Annotated[float, Field(ge=0, le=1)] = 0.05  # of rows in quarantine
    max_damaged_share: Annotated[float, Field(ge=0, le=1)] = 0.1  # of files in quarantine
    tables: dict[Identifier, FileTable] = {}

    @model_validator(mode="after")
    def _tables_belong_to_files(self) -> SourceSettings:
        if self.kind == "files" and not self.tables:
            raise ValueError("kind 'files' needs at least one [source.tables.<name>]")
        if self.kind != "files" and self.tables:
            raise ValueError(f"[source.tables] belongs to kind 'files', not to {self.kind!r}")
        return self
