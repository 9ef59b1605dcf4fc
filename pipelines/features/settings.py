"""Where feature SQL lives and what one file may use."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from pipelines.features.tables.settings import GraphSettings, VectorSettings
from settings import Section


class FeatureSettings(Section):
    """The data engineer's folder and the sandbox in which its files run."""

    section_name: ClassVar[str] = "features"

    directory: str = "feature_sql"  # relative to the settings file
    cases: str = "tests/feature_sql"  # what `features test` runs; relative likewise
    memory_limit: Annotated[str, Field(pattern=r"^\d+(MB|GB)$")] = "3GB"  # more is spilled
    temp_limit: Annotated[str, Field(pattern=r"^\d+(MB|GB)$")] = "20GB"  # on disk
    timeout_s: Annotated[int, Field(ge=1, le=86_400)] = 600  # one file at one cutoff
    # Of a sample of users, about; the leak test of a night looks at all their events.
    leak_test_events: Annotated[int, Field(ge=100)] = 100_000
    max_rows: Annotated[int, Field(ge=1)] = 200_000_000  # in one table at one cutoff
    graph: GraphSettings = GraphSettings()  # of item_graph and user_graph
    vectors: VectorSettings = VectorSettings()  # of item_embeddings and user_embeddings
