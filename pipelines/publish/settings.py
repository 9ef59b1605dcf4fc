"""The `[publish]` section."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from settings import Section


class PublishSettings(Section):
    """How lists are loaded, checked and kept."""

    section_name: ClassVar[str] = "publish"

    keep_versions: Annotated[int, Field(ge=1, le=100)] = 3  # the live one among them
    retire_after_s: Annotated[int, Field(ge=0, le=86_400)] = 60  # readers poll once a second
    memory_share: Annotated[float, Field(gt=0, le=1)] = 0.9  # of maxmemory, filled at most
    batch_bytes: Annotated[int, Field(ge=1024, le=64_000_000)] = 500_000  # a pipeline's size
    verify_sample: Annotated[int, Field(ge=1, le=100_000)] = 1000  # rows read back a table
