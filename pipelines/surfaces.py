"""Surfaces: the places on a page that get lists, each with its own rules of what may repeat."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, RootModel

from settings.project import Identifier


class SurfaceSettings(BaseModel):
    """What one surface shows, which generators feed it and what it is trained on."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    repeats: bool = True  # may show what the user has had before
    label: Identifier = "purchased"  # table of feature_sql/label
    # Generator → candidates a user that it may propose.
    generators: dict[Identifier, Annotated[int, Field(ge=1, le=5000)]] = {
        "own_most_frequent": 200,
        "als": 100,
        "item_item": 60,
        "recent_popularity": 60,
        "segment_popularity": 30,
    }
    length: Annotated[int, Field(ge=1, le=1000)] = 100  # items in a stored list
    max_per_category: Annotated[int, Field(ge=1)] | None = None  # the rest goes to the end
    min_score: Annotated[float, Field(ge=0, le=1)] | None = None  # a lower one is not shown


class SurfacesSettings(RootModel[dict[Identifier, SurfaceSettings]]):
    """All surfaces by name."""

    model_config = ConfigDict(frozen=True)
    section_name: ClassVar[str] = "surfaces"

    @property
    def names(self) -> list[str]:
        """Names in the order of the settings file, for people to read."""
        return list(self.root)

    def items(self) -> list[tuple[str, SurfaceSettings]]:
        return sorted(self.root.items())

    def __getitem__(self, name: str) -> SurfaceSettings:
        return self.root[name]
