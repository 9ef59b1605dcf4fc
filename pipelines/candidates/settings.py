"""How each generator is fitted."""

from __future__ import annotations

from typing import ClassVar

from pipelines.candidates.als import AlsSettings
from pipelines.candidates.item_item import ItemItemSettings
from pipelines.candidates.own_most_frequent import OwnMostFrequentSettings
from pipelines.candidates.popularity import PopularitySettings
from settings import Section


class CandidateSettings(Section):
    """Settings of every generator; which of them a surface uses stands with the surface."""

    section_name: ClassVar[str] = "candidates"

    als: AlsSettings = AlsSettings()
    item_item: ItemItemSettings = ItemItemSettings()
    own_most_frequent: OwnMostFrequentSettings = OwnMostFrequentSettings()
    popularity: PopularitySettings = PopularitySettings()
